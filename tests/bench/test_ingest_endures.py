"""What ingest does when it has to go on: 36 hours of retries at once, and minutes of all that it can take.

Short by default. The long runs that docs/decisions/0014 reports: KAIWA_BENCH_BACKLOG=1000000, KAIWA_BENCH_MINUTES=10.
"""

import asyncio
import itertools
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
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
    place_of,
    ratio,
    report,
    request,
    size_of,
)
from doors import apply_topics
from load import drive

from kaiwa.bus.clients import connecting, producing
from kaiwa.bus.reader import read
from kaiwa.bus.records import Record, header_text, is_heartbeat, is_tombstone
from kaiwa.contracts import events, topics
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.settings import Kafka

BARE_BAR, MOST_MB = 0.8, 120
STEADY_BODIES = 40
BACKLOG = int(os.environ.get("KAIWA_BENCH_BACKLOG", "50000")) // EVENTS_A_BODY
SECONDS = 60 * float(os.environ.get("KAIWA_BENCH_MINUTES", "0.3"))

pytestmark = pytest.mark.timeout(300 + BACKLOG + 3 * SECONDS)


@pytest.fixture
async def kafka(stack: Stack) -> Kafka:
    await apply_topics(stack, bound=IN_PRODUCTION)
    return Kafka(bootstrap_servers=stack.bootstrap_servers)


class Meta:
    """It delivers, and delivers again what was put off; a busy machine may miss a deadline."""

    def __init__(self) -> None:
        self.put_off = 0

    async def deliver(
        self, service: Contestant, numbers: Iterable[int], make: Callable[[int], bytes]
    ) -> None:
        waiting: Iterable[int] | None = numbers
        while waiting is not None:
            asked: list[int] = []
            answers = await drive(service.port, _made(waiting, make, asked), connections=8)
            assert {answer.status for answer in answers} <= {200, 503}
            again = [asked[answer.request] for answer in answers if answer.status != HTTPStatus.OK]
            self.put_off += len(again)
            waiting = again or None


def _made(numbers: Iterable[int], make: Callable[[int], bytes], asked: list[int]) -> Iterator[bytes]:
    for number in numbers:
        asked.append(number)
        yield make(number)


class Ledger:
    """What was found of a series of bodies, in little memory for a million of them."""

    def __init__(self, bodies: int) -> None:
        self._ids: list[str | None] = [None] * (bodies * EVENTS_A_BODY)
        self._newest: dict[tuple[str | None, int], tuple[int, int]] = {}
        self.found = 0

    def take(self, record: Record, *, series: int) -> None:
        """Asserts that an event has one id however often it comes, and that those of a body come in their order."""
        event = events.decode(record.value or b"")
        place = place_of(events.data_of(event).mid, series=series)
        if place is None:
            return
        body, number = place
        at = body * EVENTS_A_BODY + number
        assert self._ids[at] in (None, event.id)
        self._ids[at] = event.id
        delivery = header_text(record, TRACEPARENT), record.partition
        assert self._newest.get(delivery, (body, -1)) < (body, number)
        assert self._newest.get(delivery, place)[0] == body
        self._newest[delivery] = place
        self.found += 1

    @property
    def missing(self) -> int:
        return self._ids.count(None)

    @property
    def different(self) -> int:
        return len(set(self._ids) - {None})


async def test_a_backlog(stack: Stack, kafka: Kafka, tmp_path: Path) -> None:
    """36 hours of retries at once, a fifth of them twice, in any order: every event is there and no other, each under
    one id, those of a body in their order, at the cost beside a bare producer that fresh bodies are held to.
    """
    delivered = [*range(BACKLOG), *range(BACKLOG // 5)]
    random.Random(4).shuffle(delivered)
    reference, backlog, meta = Rounds(), Rounds(), Meta()
    async with (
        ingest(stack, tmp_path) as service,
        AIOKafkaProducer(**producing(kafka, client_id="bench")) as producer,
    ):
        await service.until_accepting(request(bulk(0)))
        at_first = await ends(kafka)
        await Meta().deliver(service, range(STEADY_BODIES), body_of)
        fresh = [found async for found in read(kafka, [topics.EVENTS], client_id="bench", start=at_first)]
        await bare(producer, fresh)  # it warms

        async def refer() -> None:
            for _ in range(2):
                await reference.measure(bare(producer, fresh), own_cpu, units=len(fresh))

        await refer()
        before, started = await size_of(kafka), await ends(kafka)
        size = len(delivered) * EVENTS_A_BODY
        retried = meta.deliver(service, delivered, partial(body_of, series=7))
        await backlog.measure(retried, service.cpu, units=size)
        grown = await size_of(kafka) - before
        memory = await service.memory() / 2**20
        await refer()
    assert size <= grown <= size + meta.put_off * EVENTS_A_BODY  # what was put off may have been written
    ledger = Ledger(BACKLOG)
    async for record in read(kafka, [topics.EVENTS], client_id="bench", start=started):
        if not is_heartbeat(record) and not is_tombstone(record):
            ledger.take(record, series=7)
    to_bare = ratio([statistics.median(reference.cpu)], backlog.cpu)
    report(
        "a backlog",
        events=grown,
        put_off=meta.put_off,
        missing=ledger.missing,
        different_ids=ledger.different,
        cpu_to_bare_producer=to_bare,
        events_to_bare_producer=ratio([statistics.median(reference.wall)], backlog.wall),
        bars={"cpu_to_bare_producer": BARE_BAR},
        cpu_us_per_event=[backlog.microseconds, reference.microseconds],
        events_per_second=[backlog.a_second, reference.a_second],
        memory_mb=round(memory),
    )
    assert ledger.missing == 0
    assert ledger.different == BACKLOG * EVENTS_A_BODY
    assert BACKLOG * EVENTS_A_BODY <= ledger.found <= grown  # compaction takes older twins away
    assert to_bare >= BARE_BAR
    assert memory <= MOST_MB


def body_of(number: int, *, series: int = 0) -> bytes:
    return request(bulk(number, series=series))


async def ends(kafka: Kafka) -> dict[TopicPartition, int]:
    async with AIOKafkaConsumer(**connecting(kafka, client_id="bench")) as consumer:
        found: dict[TopicPartition, int] = await consumer.end_offsets(
            [TopicPartition(topics.EVENTS, number) for number in range(PARTITIONS)]
        )
        return found


async def test_memory_at_full_load(stack: Stack, kafka: Kafka, tmp_path: Path) -> None:
    """Bodies of 1,000 events as fast as they are taken: memory is bounded and does not grow."""
    bodies = [body_of(number) for number in range(STEADY_BODIES)]
    samples: list[float] = []
    meta = Meta()
    async with ingest(stack, tmp_path) as service:
        await service.until_accepting(bodies[0])
        before, until = await size_of(kafka), time.monotonic() + SECONDS

        async def watch() -> None:
            while True:
                samples.append(await service.memory() / 2**20)
                await asyncio.sleep(SECONDS / 60)

        watching = asyncio.create_task(watch())
        endless = itertools.takewhile(
            lambda _: time.monotonic() < until, itertools.cycle(range(STEADY_BODIES))
        )
        await meta.deliver(service, endless, bodies.__getitem__)
        watching.cancel()
        grown = await size_of(kafka) - before
    early, late = samples[len(samples) // 4 : len(samples) // 2], samples[-len(samples) // 4 :]
    slope = (statistics.median(late) - statistics.median(early)) / (SECONDS / 60 * 5 / 8)
    report(
        "memory at full load",
        seconds=round(SECONDS),
        events=grown,
        put_off=meta.put_off,
        memory_mb=[
            round(samples[0]),
            round(statistics.median(early)),
            round(statistics.median(late)),
            round(max(samples)),
        ],
        slope_mb_per_minute=round(slope, 2),
    )
    assert max(samples) <= MOST_MB
    assert statistics.median(late) <= 1.05 * statistics.median(early)
