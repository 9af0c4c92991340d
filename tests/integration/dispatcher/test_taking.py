"""What comes to an account that rests is claimed in the transaction that takes it in."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import pytest
from claiming import REQUEST, SHOP, Commits, Delivers, scheduler, shops
from garbage import without_collecting
from taking import NOTHING_WAITS, OLDER, asked, intake_of

from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.claims import Taking
from kaiwa.dispatcher.commitments import Claim
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.pace import Lead, exact
from kaiwa.dispatcher.handlers.sends import Sends
from kaiwa.dispatcher.intake import read
from kaiwa.dispatcher.queues import Place
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.dispatcher.slots import Want

CUSTOMERS = [f"c{n}" for n in range(40)]
TOGETHER = """
select count(*) from dispatcher.intents as i join dispatcher.contents as c using (intent_id)
where i.state = 'sending' and i.xmin = c.xmin
"""
"""Calls that were committed to in the transaction which stored what the message says."""


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Conversations in which nothing waits."""
    async with shops(database, CUSTOMERS, []) as opened:
        await opened.execute(NOTHING_WAITS, SHOP)
        yield opened


@asynccontextmanager
async def at_work(db: asyncpg.Pool, marker: Commits, sender: Delivers) -> AsyncIterator[tuple[Sends, Any]]:
    """An intake beside a scheduler, and the task of the latter."""
    scheduling: Scheduler = scheduler(db, marker, sender)
    running = asyncio.create_task(scheduling.run())
    await asyncio.sleep(0)  # it has begun
    try:
        yield intake_of(db, scheduling, Bell()), running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_it_is_claimed_as_it_is_taken_in(db: asyncpg.Pool) -> None:
    """Broken by: leaving it to the scheduler, which costs a message a look and another transaction."""
    marker, sender = Commits(), Delivers()
    async with at_work(db, marker, sender) as (sends, _):
        await sends.handle([asked("c1")])
        assert await db.fetchval(TOGETHER) == 1
    assert (len(marker.asked), sender.calls) == (1, ["a call"])


async def test_an_intake_is_as_quick_as_itself(db: asyncpg.Pool) -> None:
    """Broken by: a slot that begins, and keeps its bucket, for as long as a flood's claims take (docs/decisions/0045)."""
    async with at_work(db, Commits(), Delivers()) as (sends, _):
        sends._scheduler._slots.claiming.note(10)
        await sends.handle([asked("c1")])
        kept = "select b.tat - i.slot_at from dispatcher.buckets as b join dispatcher.intents as i using (account_id)"
        room = await db.fetchval(
            f"{kept} where b.class = 'text' and i.state = 'sending' and account_id = $1", SHOP
        )
    assert room < timedelta(
        seconds=2.5
    )  # its interval, 2.2, and a little; a flood's claims would add half a second


@pytest.mark.parametrize(("left", "rung"), [([], {}), (["c0"], {(Desk(SHOP, "text"), 0): 1})])
async def test_only_claims_of_what_was_taken_in_are_taken_off_the_bell(
    db: asyncpg.Pool, left: list[str], rung: dict[Place, int]
) -> None:
    """Where another process left something in the same queue, the claim is of that, and what came with the batch waits.

    Broken by: a bell that is not rung for it, so that it waits for the next look at everything; or one that is rung for
    what has been claimed.
    """
    for customer in left:
        await db.execute(REQUEST, SHOP, customer)
        await db.execute(OLDER, SHOP, customer)
    scheduling, bell = scheduler(db, Commits(), Delivers()), Bell()
    scheduling._open = True  # and has looked at nothing yet
    ear = bell.ear()
    await intake_of(db, scheduling, bell).handle([asked("c1")])
    claimed = await db.fetch(
        "select customer_id from dispatcher.intents where state = 'sending' and account_id = $1", SHOP
    )
    assert [row["customer_id"] for row in claimed] == (left or ["c1"])
    assert ear.answered().joined == rung


async def test_a_second_batch_meets_a_bucket_that_is_not_open(db: asyncpg.Pool) -> None:
    """Broken by: asking a bucket that has nothing to give, while its account's other messages wait for their turn."""
    marker, sender = Commits(), Delivers()
    async with at_work(db, marker, sender) as (sends, _):
        await sends.handle([asked("c1"), asked("c2"), asked("c3")])
        before = await db.fetchval(TOGETHER)
        await sends.handle([asked("c4")])
        assert await db.fetchval(TOGETHER) == before


async def test_many_are_left_to_the_scheduler(db: asyncpg.Pool) -> None:
    """Broken by: a backlog whose first account has everything claimed, whatever waits of others."""
    async with at_work(db, Commits(), Delivers()) as (sends, _):
        await sends.handle([asked(customer) for customer in CUSTOMERS])
        assert await db.fetchval(TOGETHER) == 0


async def test_a_large_batch_leaves_the_loop_to_others(db: asyncpg.Pool) -> None:
    """Broken by: choosing, sealing or telling all of it in one go, which takes several times as long as reading it,
    while calls miss their slots. By processor time.
    """
    records = [asked(f"n{n}") for n in range(500)]
    with without_collecting():
        started = time.thread_time()
        taken = [read(record) for record in records]
        reading = time.thread_time() - started
    stretches = []

    async def others() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            stretches.append(time.thread_time() - before)

    async with at_work(db, Commits(), Delivers()) as (sends, _):
        await sends.handle([asked("c1")])  # its statements are known
        busy = asyncio.create_task(others())
        with without_collecting():
            await sends.handle(records)
        busy.cancel()
        await asyncio.wait([busy])
    assert all(taken)
    assert max(stretches) < 2 * reading


async def test_one_that_cannot_be_committed_to_is_taken_in_all_the_same(db: asyncpg.Pool) -> None:
    """Broken by: a batch that fails with its claims, and comes again for ever."""
    marker = Commits(failing=True)
    async with at_work(db, marker, Delivers()) as (sends, _):
        await sends.handle([asked("c1")])
        assert await db.fetchval("select count(*) from dispatcher.contents") == 1
        assert await db.fetchval(TOGETHER) == 0


async def test_claims_under_way_count_as_calls(db: asyncpg.Pool) -> None:
    """Broken by: room that counts what has begun alone: two transactions would fill the same places."""
    marker = Commits()
    marker.may.clear()
    async with at_work(db, marker, Delivers()) as (sends, _):
        intake = asyncio.create_task(sends.handle([asked(customer) for customer in CUSTOMERS[:6]]))
        async with asyncio.timeout(30):
            await marker.begun.wait()
        other = {(Desk("another", "text"), 1): 4}  # of ten calls one is people's
        room = [sends._scheduler.at_once(some) for some in (other, {(Desk("another", "text"), 0): 5})]
        marker.may.set()
        await intake
        assert room == [[], []]
        assert len(sends._scheduler.at_once(other)) == 1


@pytest.mark.parametrize(("people_wait", "goes"), [(False, [0]), (True, [])])
async def test_people_go_beside_automation_that_waits_for_room(people_wait: bool, goes: list[int]) -> None:
    """Broken by: leaving a person's message to the scheduler because automation waits; or overtaking people who wait."""
    scheduling = scheduler(cast("asyncpg.Pool", None), Commits(), Delivers())
    scheduling._crowded, scheduling._people_crowded = True, people_wait
    joined = {(Desk("a", "text"), 0): 1, (Desk("b", "text"), 1): 1}
    assert [ask.rank for ask in scheduling.at_once(joined)] == goes


async def test_a_stop_leaves_no_call_that_an_intake_committed_to(db: asyncpg.Pool) -> None:
    """Broken by: a scheduler that ends before an intake which claims: nobody would wait for its calls."""
    marker, sender = Commits(), Delivers()
    marker.may.clear()
    async with at_work(db, marker, sender) as (sends, running):
        intake = asyncio.create_task(sends.handle([asked("c1")]))
        async with asyncio.timeout(30):
            await marker.begun.wait()
        running.cancel()
        await asyncio.sleep(0.1)  # nothing ends meanwhile
        assert not running.done()
        marker.may.set()
        await intake
        await asyncio.wait([running])
        await sends.handle([asked("c2")])
        assert await db.fetchval(TOGETHER) == 1, "none is begun after the stop"
    assert sender.calls == ["a call"]


async def test_what_waits_beside_an_intakes_claim_is_not_forgotten() -> None:
    """Broken by: taking a claim that was never counted off what is, which waits for the next look at everything then; so
    does an overtaken message that nobody is told of.
    """
    scheduling, desk = scheduler(cast("asyncpg.Pool", None), Commits(), Delivers()), Desk(SHOP, "text")
    head = {"account_id": SHOP, "bucket": "text", "rank": 0}
    claim = Claim("i", 1, Want(desk, 0), exact(datetime.now(UTC)), 0.0, Lead())
    scheduling._agenda.join(desk, 0, 1)
    scheduling.begin(Taking([Ask(desk, 0, 1)], [head], [claim], {}, frozenset(), Counter()))
    assert not scheduling._agenda.rests(desk, 0)

    overtaken = Desk("another", "text")
    scheduling.begin(Taking([], [], [], {}, frozenset(), Counter({(overtaken, 1): 1})))
    assert not scheduling._agenda.rests(overtaken, 1)


@pytest.mark.parametrize(("opens", "asks"), [(60.0, []), (-1.0, [Ask(Desk(SHOP, "text"), 1, 2)])])
async def test_a_bucket_that_gave_less_than_it_was_asked_for_rests(opens: float, asks: list[Ask]) -> None:
    """Broken by: asking a bucket again before there is a slot in it."""
    scheduling, desk = scheduler(cast("asyncpg.Pool", None), Commits(), Delivers()), Desk(SHOP, "text")
    scheduling._agenda.join(desk, 1, 2)
    scheduling._slots.opens[desk] = time.monotonic() + opens
    head = {"account_id": SHOP, "bucket": "text", "rank": 1}
    scheduling.begin(Taking([Ask(desk, 1, 1)], [head], [], {}, frozenset(), Counter()))
    assert scheduling._agenda.plan(10, 10, time.monotonic()) == asks
