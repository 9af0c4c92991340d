"""A long queue: what waits in it neither slows claiming down nor keeps requests from being taken in."""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import asyncpg
import msgspec
import pytest
from contest import ratio, report
from sending import Room, Yard, request, yard_of_its_own

from kaiwa.bus.records import Outgoing
from kaiwa.contracts.sends import decode, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.stack import Stack
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.pace import Lead, Slot
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.mark import Marker
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Slots
from kaiwa.store.pool import pool

pytestmark = pytest.mark.timeout(1800)

QUEUED = int(os.environ.get("KAIWA_BENCH_QUEUE", "1000000"))
TAKEN_IN = int(os.environ.get("KAIWA_BENCH_INTAKE", "20000"))
BAR = 1.3
CLAIMS, SIZE = 60, 8
POLICY = Policy(
    window_margin=timedelta(seconds=90), human_hold=timedelta(minutes=30), lease=timedelta(seconds=30)
)


@pytest.fixture
async def yard(stack: Stack, tmp_path: Path) -> AsyncIterator[Yard]:
    async with yard_of_its_own(stack, tmp_path) as made:
        yield made


async def queue(yard: Yard, rooms: list[Room], each: int) -> None:
    """So many requests of the bulk lane into each room, as intake would have left them."""
    await yard.db.execute(
        "insert into dispatcher.intents (intent_id, account_id, request_id, customer_id, author_kind, lane, content_kind,"
        " pieces, state, requested_at, due_at, next_at)"
        " select a || c || n, a, c || n, c, 'human', 'bulk', 'text', 1, 'queued', now(), now(), now()"
        " from unnest($1::text[], $2::text[]) as k(a, c) cross join generate_series(1, $3::integer) as n",
        [room.account_id for room in rooms],
        [room.customer_id for room in rooms],
        each,
        timeout=900,
    )
    await yard.db.execute(
        "update dispatcher.conversations as c set next_due = now(), next_lane = 2, next_bucket = 'text',"
        " next_deadline = now() + interval '1 day' from unnest($1::text[], $2::text[]) as k(a, c2)"
        " where c.account_id = k.a and c.customer_id = k.c2",
        [room.account_id for room in rooms],
        [room.customer_id for room in rooms],
        timeout=900,
    )
    await yard.db.execute("vacuum analyze dispatcher.intents", timeout=900)
    await yard.db.execute("vacuum analyze dispatcher.conversations", timeout=900)


class Unhurried(Slots):
    """No claim is committed to at once."""

    def near(self, slot: Slot, lead: Lead) -> bool:  # noqa: ARG002 - whichever it is
        return False


@asynccontextmanager
async def scheduling(yard: Yard) -> AsyncIterator[Scheduler]:
    """It is asked for claims that are far, which needs neither contents nor logins, and for no call."""
    async with pool(yard.dsn, application="bench") as db:
        marker = Marker(db, cast("Contents", None), cast("Logins", None), policy=POLICY)
        slots = Unhurried(db, DatabaseClock())
        yield Scheduler(db, marker, cast("Sender", None), slots, Bell(), policy=POLICY, calls=200)


async def claim(scheduler: Scheduler, room: Room) -> float:
    """Seconds for a claim of some messages."""
    started = time.perf_counter()
    claims = await scheduler.claim([Ask(Desk(room.account_id, "text"), 2, SIZE)])
    taken = time.perf_counter() - started
    assert claims
    return taken


async def test_claiming_from_a_long_queue(yard: Yard, stack: Stack, tmp_path: Path) -> None:
    """Of an account with everything, and of one with little beside it: by what claiming grows, beside an installation
    that has nothing else, which takes its turn in the same moments.

    Breaks when an index is missed: when a queue is sorted, or walked past.
    """
    alone, full, other = list[float](), list[float](), list[float]()
    async with (
        yard_of_its_own(stack, tmp_path / "empty") as empty,
        scheduling(empty) as idle,
        scheduling(yard) as busy,
    ):
        little = await empty.rooms(1, CLAIMS * SIZE, rate=1e6)
        await queue(empty, little, 1)
        many = await yard.rooms(1, QUEUED // 20, rate=1e6)
        await queue(yard, many, 20)
        beside = await yard.rooms(1, CLAIMS * SIZE, rate=1e6)
        await queue(yard, beside, 1)
        for _ in range(CLAIMS):
            alone.append(await claim(idle, little[0]))
            full.append(await claim(busy, many[0]))
            other.append(await claim(busy, beside[0]))
    ratios = {"of the long queue": ratio(full, alone), "beside it": ratio(other, alone)}
    report(
        "claiming from a long queue",
        queued=QUEUED,
        claim_to_empty_queue=ratios,
        bar=BAR,
        ms_per_claim=round(1e3 * statistics.median(alone), 1),
    )
    assert max(ratios.values()) <= BAR


async def test_taking_in_a_backlog(yard: Yard) -> None:
    """Requests that Kafka has already, until they are in the database with their content and their outcome: for later,
    so that nothing is sent meanwhile.
    """
    rooms = await yard.rooms(100, TAKEN_IN // 1_000)
    later = rfc3339(datetime.now(UTC) + timedelta(hours=2))
    await yard.put(
        put_off(request(rooms[n % len(rooms)], str(n), lane="bulk"), later) for n in range(TAKEN_IN)
    )
    async with yard.dispatcher() as service:
        count = "select count(*) from dispatcher.intents"
        begun, so_far = await first(yard.db, count)
        cpu = await service.cpu()
        while (done := await yard.db.fetchval(count)) < TAKEN_IN:  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - begun
        burnt = await service.cpu() - cpu
    report(
        "taking in a backlog",
        records=TAKEN_IN,
        records_per_second=round((done - so_far) / seconds),
        bar=10_000,
        cpu_us_per_record=round(1e6 * burnt / (done - so_far)),
    )


async def first(db: asyncpg.Pool, count: str) -> tuple[float, int]:
    """When the first of them were there, and how many."""
    while not (found := await db.fetchval(count)):  # noqa: ASYNC110 - the event is in PostgreSQL
        await asyncio.sleep(0.01)
    return time.perf_counter(), found


def put_off(record: Outgoing, until: str) -> Outgoing:
    asked = msgspec.structs.replace(decode(record.value or b""), not_before=until)
    return Outgoing(record.topic, record.key, encode(asked))
