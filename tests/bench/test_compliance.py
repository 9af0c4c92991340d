"""How much of the machine compliance leaves to others: ratios of figures from one run, the processor's time first."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import backlog
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from compliance_rig import Rig
from contest import Rounds, own_cpu, ratio, report
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from happenings import ACCOUNT, PARTITIONS

from kaiwa.bus.batches import Batches
from kaiwa.bus.clients import connecting
from kaiwa.bus.reader import pages
from kaiwa.bus.records import Record
from kaiwa.compliance.audit.freshness import AUDITED, Freshness
from kaiwa.compliance.audit.handler import Audit
from kaiwa.compliance.core.erasure import Place
from kaiwa.compliance.core.search import Search, Wanted
from kaiwa.compliance.forget import open_days
from kaiwa.compliance.handlers import Intake
from kaiwa.contracts import topics
from kaiwa.devstack.stack import Stack, running
from kaiwa.store.pool import pool

ROUNDS = 5
BACKLOG_BAR, PASS_BAR = 0.4, 0.5
TALKS = int(os.environ.get("KAIWA_BENCH_TALKS", "4000"))
CASES = 500
BATCH = 500
KEY = b"k" * 32


@pytest.fixture
def stack() -> Iterator[Stack]:
    """A broker for each: what others wrote would be read here too."""
    with running() as started:
        yield started


@pytest.fixture
async def rig(stack: Stack, database: str, tmp_path: Path) -> Rig:
    made = Rig(stack, database, tmp_path)
    await made.prepare()
    return made


@asynccontextmanager
async def _consuming(
    rig: Rig, names: Sequence[str], handle: Callable[[Sequence[Record]], Awaitable[None]], count: int
) -> AsyncIterator[asyncio.Event]:
    """A consumer group from the beginning; the event is set once so many records with a value were handled."""
    done, seen = asyncio.Event(), 0

    async def counted(records: Sequence[Record]) -> None:
        nonlocal seen
        await handle(records)
        seen += sum(1 for each in records if each.value)
        if seen >= count:
            done.set()

    group = secrets.token_hex(6)
    async with Batches(rig.kafka, names, group=group, handle=counted, max_records=BATCH):
        yield done


@pytest.mark.timeout(600)
async def test_a_backlog(rig: Rig) -> None:
    """Index and audit over events and outcomes, beside a FastStream batch subscriber that inserts one row a record.

    Both count each record once, although ours reads the events twice. The bare loop decodes JSON, as its users do.
    """
    events, outcomes = 2 * TALKS, TALKS
    await backlog.write(rig, [each for number in range(TALKS) for each in backlog.talk(number, 0)])
    ours, bare = Rounds(), Rounds()
    async with pool(rig.dsn, application="bench") as opened:
        async with opened.acquire() as connection:
            await open_days(connection, retention=259_200)
            await connection.execute("create table bare (id text primary key, value jsonb not null)")
        for _ in range(ROUNDS):
            await opened.execute(
                "truncate compliance.places, compliance.audited, compliance.verdicts cascade"
            )
            await opened.execute("truncate bare")
            await ours.measure(_both(rig, opened, events, outcomes), own_cpu, units=events + outcomes)
            await bare.measure(_faststream(rig, opened, events + outcomes), own_cpu, units=events + outcomes)
            assert await opened.fetchval("select count(*) from compliance.audited") == TALKS
            assert await opened.fetchval("select count(*) from bare") == events + outcomes
    to_bare = ratio(bare.cpu, ours.cpu)
    report(
        "a backlog, index and audit",
        cpu_to_bare_faststream=to_bare,
        records_to_bare_faststream=ratio(bare.wall, ours.wall),
        cpu_us_per_record=[ours.microseconds, bare.microseconds],
        records_per_second=[ours.a_second, bare.a_second],
        bar=BACKLOG_BAR,
    )
    assert to_bare >= BACKLOG_BAR


async def _both(rig: Rig, opened: asyncpg.Pool, events: int, outcomes: int) -> None:
    intake = Intake(opened, key=KEY, bound=timedelta(seconds=3600), wake=asyncio.Event())
    audit = Audit(opened, Freshness(patience=600), key=KEY, pseudonym_key=None)
    async with AsyncExitStack() as stack:
        indexed = await stack.enter_async_context(_consuming(rig, [topics.EVENTS], intake, events))
        audited = await stack.enter_async_context(_consuming(rig, AUDITED, audit, events + outcomes))
        await asyncio.gather(indexed.wait(), audited.wait())


async def _faststream(rig: Rig, opened: asyncpg.Pool, count: int) -> None:
    broker, done, seen = KafkaBroker(rig.stack.bootstrap_servers, logger=None), asyncio.Event(), 0

    @broker.subscriber(
        topics.EVENTS,
        topics.OUTCOMES,
        batch=True,
        group_id=secrets.token_hex(6),
        auto_offset_reset="earliest",
        max_records=BATCH,
        ack_policy=AckPolicy.ACK,
    )
    async def handle(messages: list[Any]) -> None:
        nonlocal seen
        rows = [each for each in messages if isinstance(each, dict)]
        statement = "insert into bare select * from unnest($1::text[], $2::jsonb[])"
        await opened.execute(statement, [row["id"] for row in rows], rows)
        seen += len(rows)
        if seen >= count:
            done.set()

    await broker.start()
    try:
        await done.wait()
    finally:
        await broker.stop()


@pytest.mark.timeout(300)
async def test_a_pass_of_the_verifier(rig: Rig) -> None:
    """500 messages looked for in every record, whose own mids begin like theirs, beside a consumer that reads the same
    partitions and does nothing. Both read the same number of records.
    """
    await backlog.write(rig, backlog.events(TALKS, 1))
    cutoff, size = datetime.now(UTC), 2 * TALKS
    wanted = [
        Wanted(
            f"E{n}",
            ACCOUNT,
            f"gone-{n}",
            f"m_1_gone_{n}_{'x' * 90}",
            cutoff,
            frozenset({Place(topics.EVENTS, n % PARTITIONS, b"k")}),
        )
        for n in range(CASES)
    ]
    search = Search(wanted, {topics.EVENTS: PARTITIONS, topics.QUARANTINE: PARTITIONS})
    partitions = [TopicPartition(topics.EVENTS, number) for number in range(PARTITIONS)]
    ours, bare = Rounds(), Rounds()

    async def scan() -> None:
        seen = 0
        async for page in pages(rig.kafka, client_id="bench", partitions=partitions):
            assert not [finding for record in page for finding in search.look(record)]
            seen += len(page)
        assert seen == size

    async def consume() -> None:
        seen = 0
        options = {**connecting(rig.kafka, client_id="bench"), "max_partition_fetch_bytes": 8 << 20}
        async with AIOKafkaConsumer(**options, auto_offset_reset="earliest") as consumer:
            consumer.assign(partitions)
            while seen < size:
                seen += sum(map(len, (await consumer.getmany(timeout_ms=200)).values()))
        assert seen == size

    await consume()
    for _ in range(ROUNDS):
        await bare.measure(consume(), own_cpu, units=size)
        await ours.measure(scan(), own_cpu, units=size)
    to_bare = ratio(bare.cpu, ours.cpu)
    report(
        "a pass of the verifier",
        cpu_to_bare_consumer=to_bare,
        records_to_bare_consumer=ratio(bare.wall, ours.wall),
        cpu_us_per_record=[ours.microseconds, bare.microseconds],
        bar=PASS_BAR,
    )
    assert to_bare >= PASS_BAR
