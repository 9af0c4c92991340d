"""How much of the machine ingest leaves to others: beside a bare producer, a plain service, and itself without Kafka.

Every case is a ratio of figures from one run, the processor's time first; absolute figures are only reported.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from contest import (
    EVENTS_A_BODY,
    IN_PRODUCTION,
    PARTITIONS,
    Contestant,
    Rounds,
    bare,
    bulk,
    ingest,
    own_cpu,
    plain,
    ratio,
    report,
    request,
    single,
    size_of,
)
from doors import apply_topics, written
from garbage import without_collecting
from kafka_records import new_topic
from load import drive

from kaiwa.bus.clients import producing
from kaiwa.contracts import topics
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.settings import Kafka

ROUNDS, ROUNDS_OF_TIMES, WARMING = (
    9,
    15,
    2,
)  # a p99 varies more than a sum does, and Java compiles for seconds
BARE_BAR, SILENT_BAR, PLAIN_SINGLE_BAR, PLAIN_BULK_BAR, BROKER_BAR = 0.8, 0.45, 2.2, 6, 3
BODIES, BODIES_FOR_PLAIN = 40, 8
REQUESTS, REQUESTS_FOR_PLAIN = 6_000, 2_000


@pytest.fixture
async def kafka(stack: Stack) -> Kafka:
    await apply_topics(stack, bound=IN_PRODUCTION)
    return Kafka(bootstrap_servers=stack.bootstrap_servers)


async def accepted(service: Contestant, requests: Sequence[bytes], *, connections: int = 8) -> None:
    answers = await drive(service.port, requests, connections=connections)
    assert {answer.status for answer in answers} == {200}


async def test_bodies_of_a_thousand_events(stack: Stack, kafka: Kafka, tmp_path: Path) -> None:
    """Events of the whole service, beside a bare producer that pipelines the same records and beside a plain service.

    The bare producer shares its process with nothing; ingest also reads, verifies and normalises.
    """
    bodies = [request(bulk(number)) for number in range(BODIES)]
    size = BODIES * EVENTS_A_BODY
    ours, reference, simple = Rounds(), Rounds(), Rounds()
    async with (
        ingest(stack, tmp_path) as service,
        plain(stack, tmp_path, await new_topic(kafka, partitions=PARTITIONS)) as other,
        AIOKafkaProducer(**producing(kafka, client_id="bench")) as producer,
    ):
        await service.until_accepting(bodies[0])
        before = await size_of(kafka)
        await accepted(service, bodies)
        records = (await written(stack.bootstrap_servers, topics.EVENTS))[-size:]
        await bare(producer, records[:EVENTS_A_BODY])
        await accepted(other, bodies[:1])
        for _ in range(ROUNDS):
            await ours.measure(accepted(service, bodies), service.cpu, units=size)
            await reference.measure(bare(producer, records), own_cpu, units=size)
            few = bodies[:BODIES_FOR_PLAIN]
            await simple.measure(accepted(other, few), other.cpu, units=len(few) * EVENTS_A_BODY)
        grown = await size_of(kafka) - before
    assert grown == (1 + 2 * ROUNDS) * size + EVENTS_A_BODY
    to_bare, to_plain = ratio(reference.cpu, ours.cpu), ratio(simple.cpu, ours.cpu)
    report(
        "bodies of 1,000 events",
        cpu_to_bare_producer=to_bare,
        cpu_to_plain_service=to_plain,
        events_to_bare_producer=ratio(reference.wall, ours.wall),
        events_to_plain_service=ratio(simple.wall, ours.wall),
        bars={"cpu_to_bare_producer": BARE_BAR, "cpu_to_plain_service": PLAIN_BULK_BAR},
        cpu_us_per_event=[ours.microseconds, reference.microseconds, simple.microseconds],
        events_per_second=[ours.a_second, reference.a_second, simple.a_second],
    )
    assert to_bare >= BARE_BAR
    assert to_plain >= PLAIN_BULK_BAR


async def test_bodies_of_one_event(stack: Stack, kafka: Kafka, tmp_path: Path) -> None:
    """Requests of ingest, beside itself without Kafka and beside a plain service."""
    requests = [request(single(number)) for number in range(REQUESTS)]
    few = requests[:REQUESTS_FOR_PLAIN]
    ours, silent, simple = Rounds(), Rounds(), Rounds()
    async with (
        ingest(stack, tmp_path) as service,
        ingest(stack, tmp_path, without_kafka=True) as without,
        plain(stack, tmp_path, await new_topic(kafka, partitions=PARTITIONS)) as other,
    ):
        for warming in (service, without, other):
            await warming.until_accepting(requests[0])
            await accepted(warming, few, connections=64)
        before = await size_of(kafka)
        for _ in range(ROUNDS):
            await ours.measure(accepted(service, requests, connections=64), service.cpu, units=REQUESTS)
            await silent.measure(accepted(without, requests, connections=64), without.cpu, units=REQUESTS)
            await simple.measure(accepted(other, few, connections=64), other.cpu, units=len(few))
        assert await size_of(kafka) - before == ROUNDS * REQUESTS
    to_itself, to_plain = ratio(silent.wall, ours.wall), ratio(simple.cpu, ours.cpu)
    report(
        "bodies of one event",
        cpu_to_plain_service=to_plain,
        cpu_to_itself_without_kafka=ratio(silent.cpu, ours.cpu),
        requests_to_itself_without_kafka=to_itself,
        requests_to_plain_service=ratio(simple.wall, ours.wall),
        bars={"cpu_to_plain_service": PLAIN_SINGLE_BAR, "requests_to_itself_without_kafka": SILENT_BAR},
        cpu_us_per_event=[ours.microseconds, silent.microseconds, simple.microseconds],
        requests_per_second=[ours.a_second, silent.a_second, simple.a_second],
    )
    assert to_itself >= SILENT_BAR
    assert to_plain >= PLAIN_SINGLE_BAR


@pytest.mark.timeout(400)
async def test_time_to_the_answer(stack: Stack, kafka: Kafka, tmp_path: Path) -> None:
    """p99 from request to 200 at half of the maximum rate, beside the broker's own for one record.

    The broker's own is that of a bare producer in this very client, which sends single records at the same moments
    into as many partitions, in rounds that alternate: docs/decisions/0014 says why.
    """
    requests = [request(single(number)) for number in range(REQUESTS)]
    burst, calm = requests[: REQUESTS // 3], requests[REQUESTS // 3 :]
    topic = await new_topic(kafka, partitions=PARTITIONS)
    ours, brokers, rates = [], [], []
    async with (
        ingest(stack, tmp_path) as service,
        AIOKafkaProducer(**producing(kafka, client_id="bench")) as producer,
    ):
        with without_collecting():
            await service.until_accepting(requests[0])
            await accepted(service, burst, connections=64)
            for _ in range(WARMING + ROUNDS_OF_TIMES):
                started = time.perf_counter()
                await accepted(service, burst, connections=64)
                rate = len(burst) / (time.perf_counter() - started) / 2
                answers = await drive(service.port, calm, connections=64, rate=rate)
                assert {answer.status for answer in answers} == {200}
                rates.append(rate)
                ours.append(p99([answer.seconds for answer in answers]))
                brokers.append(p99(await records_at(producer, topic, number=len(calm), rate=rate)))
    ours, brokers = ours[WARMING:], brokers[WARMING:]
    times = ratio(ours, brokers)
    report(
        "time to the answer at half of the maximum rate",
        p99_to_broker=times,
        bars={"p99_to_broker": BROKER_BAR},
        p99_ms=[round(1e3 * statistics.median(times), 1) for times in (ours, brokers)],
        requests_per_second=round(statistics.median(rates)),
    )
    assert times <= BROKER_BAR


async def records_at(producer: AIOKafkaProducer, topic: str, *, number: int, rate: float) -> list[float]:
    """Single records, so many a second and 64 at once at most, like ``drive``: the seconds that each took."""
    waiting, taken = iter(range(number)), list[float]()
    started = time.perf_counter()

    async def keep_sending() -> None:
        for n in waiting:
            await asyncio.sleep(started + n / rate - time.perf_counter())
            asked = time.perf_counter()
            await producer.send_and_wait(topic, b"v" * 500, key=b"k", partition=n % PARTITIONS)
            taken.append(time.perf_counter() - asked)

    await asyncio.gather(*(keep_sending() for _ in range(64)))
    return taken


def p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[-1]
