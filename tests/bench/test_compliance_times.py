"""How soon what was unsent has its tombstone, and a customer of ten thousand records theirs.

The bars are in seconds, so they hold for a machine that does nothing else (`docs/decisions/0032` has the figures of one).
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import backlog
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from compliance_rig import Rig
from contest import report
from happenings import ACCOUNT, PARTITIONS, message, record, unsend

from kaiwa.bus.clients import connecting
from kaiwa.bus.producer import Producer
from kaiwa.contracts import topics
from kaiwa.devstack.stack import Stack, running

IDLE_BAR, BUSY_BAR, CUSTOMER_BAR = 0.5, 1.0, 5.0
UNSENDS = 200
WARM = 10
"""Unsends before the first that counts: a group has to form, and connections to open."""
OTHERS, OF_ONE = 2_000, 10_000
A_SECOND, BURST = 1_000, 50


@pytest.fixture
def stack() -> Iterator[Stack]:
    """A broker for each: on one with a backlog nothing is idle."""
    with running() as started:
        yield started


@pytest.fixture
async def rig(stack: Stack, database: str, tmp_path: Path) -> Rig:
    made = Rig(stack, database, tmp_path)
    await made.prepare()
    return made


@asynccontextmanager
async def _serving(rig: Rig) -> AsyncIterator[None]:
    service = rig.service()
    service.start()
    await service.wait_ready(rig.url)
    yield
    assert await service.terminate() == 0


@pytest.mark.timeout(300)
async def test_time_to_the_tombstone(rig: Rig) -> None:
    """From the unsend's acknowledgement in Kafka to the tombstone there, idle and while 1,000 events a second come in.

    The way from the webhook to Kafka is ingest's, and measured there.
    """
    async with _serving(rig), Producer(rig.kafka, client_id="bench") as producer:
        await _tombstones(rig, producer, "warm", WARM)
        idle = await _tombstones(rig, producer, "idle", UNSENDS)
        load = asyncio.create_task(_load(producer))
        busy = await _tombstones(rig, producer, "busy", UNSENDS)
        load.cancel()
        with suppress(asyncio.CancelledError):
            await load
    report(
        "unsend to tombstone",
        p50_ms=[round(1e3 * statistics.median(each)) for each in (idle, busy)],
        p99_ms=[round(1e3 * _p99(each)) for each in (idle, busy)],
        most_ms=[round(1e3 * max(each)) for each in (idle, busy)],
        bars_ms=[1e3 * IDLE_BAR, 1e3 * BUSY_BAR],
    )
    assert _p99(idle) <= IDLE_BAR
    assert _p99(busy) <= BUSY_BAR


async def _tombstones(rig: Rig, producer: Producer, name: str, count: int) -> list[float]:
    """Seconds that each of some unsent messages took, one after the other."""
    pairs = [(f"m_{name}_{n}_{'x' * 90}", f"c-{name}-{n}") for n in range(count)]
    written = [record(message(mid, "gone", customer=customer)) for mid, customer in pairs]
    await producer.publish(written, within=30)
    taken = []
    partitions = [TopicPartition(topics.EVENTS, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(**connecting(rig.kafka, client_id="bench")) as consumer:
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        for original, (mid, customer) in zip(written, pairs, strict=True):
            await producer.publish([record(unsend(mid, customer=customer))], within=30)
            started = time.perf_counter()
            async for seen in consumer:
                if seen.key == original.key and seen.value is None:
                    break
            taken.append(time.perf_counter() - started)
    return taken


async def _load(producer: Producer) -> None:
    """1,000 events a second, until cancelled."""
    number, due = 0, time.perf_counter()
    while True:
        batch = [each for n in range(BURST) for each in backlog.talk(number + n, 2)[:1]]
        await producer.publish(batch, within=30)
        number, due = number + BURST, due + BURST / A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("read", [True, False], ids=["read before", "still to be read"])
async def test_a_customer_of_ten_thousand_records(rig: Rig, *, read: bool) -> None:
    """From the request to the last tombstone's acknowledgement, among others' records. Where the service comes up only
    then, reading the backlog is part of the time.
    """
    await backlog.write(rig, backlog.events(OTHERS, 3))
    of_one = [record(message(f"m_{n}", "gone", customer="big")) for n in range(OF_ONE)]
    connection = await asyncpg.connect(rig.dsn)
    try:
        if not read:
            await backlog.write(rig, of_one)
        async with _serving(rig):
            if read:
                await backlog.write(rig, of_one)
                every = 2 * OTHERS + OF_ONE
                await _until(connection, "select count(*) from compliance.places", every)
            asked = await rig.kaiwa(
                "deletions", "request", "--account", ACCOUNT, "--customer", "big", "--json"
            )
            assert asked.returncode == 0, asked.stderr
            assert json.loads(asked.stdout)["code"]
            started = time.perf_counter()
            await _until(connection, "select count(sent_at) from compliance.targets", OF_ONE)
            seconds = time.perf_counter() - started
            cases = await connection.fetchval("select count(*) from compliance.cases")
    finally:
        await connection.close()
    case = "erasing a customer of 10,000 records" + ("" if read else ", still to be read")
    report(case, seconds=round(seconds, 2), bar=CUSTOMER_BAR, cases=cases)
    assert seconds <= CUSTOMER_BAR
    assert cases == 1, "one case, not one for each record"


async def _until(connection: asyncpg.Connection, query: str, count: int) -> None:
    async with asyncio.timeout(120):
        while await connection.fetchval(query) < count:  # noqa: ASYNC110 - it is in PostgreSQL
            await asyncio.sleep(0.02)


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[-1]
