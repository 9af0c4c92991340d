"""Claims that are committed to as they are made, a request that cannot be, and a stop meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from claiming import SHOP, Commits, Delivers, scheduler, shops

from kaiwa.dispatcher.core.agenda import Ask, Desk


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Two requests of one account."""
    async with shops(database, ["c1", "c2"], ["c1", "c2"]) as opened:
        yield opened


async def claimed(db: asyncpg.Pool, marker: Commits) -> tuple[list[object], int]:
    """The calls of the claims, None where there is none yet; and how many requests are claimed in the database."""
    found = await scheduler(db, marker).claim([Ask(Desk(SHOP, "text"), 0, 2)])
    count = await db.fetchval(
        "select count(*) from dispatcher.intents where state = 'claimed' and account_id = $1", SHOP
    )
    return [call for _, call in found], count


async def test_what_is_near_is_committed_to_at_once(db: asyncpg.Pool) -> None:
    """Broken by: a call that is committed to seconds before it may leave, when a human could still take over."""
    marker = Commits()
    calls, _ = await claimed(db, marker)
    assert (calls, [len(ids) for ids in marker.asked]) == (["a call", None], [1])


async def test_one_that_cannot_be_committed_to_stops_nobody(db: asyncpg.Pool) -> None:
    """Broken by: a scheduler that ends, or that makes the same claims again and again."""
    marker = Commits(failing=True)
    calls, count = await claimed(db, marker)
    assert (calls, count, len(marker.asked)) == ([None, None], 2, 1)


async def test_what_may_not_go_keeps_nobody_from_a_slot(db: asyncpg.Pool) -> None:
    """Broken by: refusing under the locks of the buckets, after the time was taken by which the others' slots are cut."""
    await db.execute("update dispatcher.intents set expires_at = now() where intent_id = 'c1'")
    state = "select state from dispatcher.intents where intent_id = 'c1'"
    working = scheduler(db, Commits())
    calls: list[object] = [call for _, call in await working.claim([Ask(Desk(SHOP, "text"), 0, 2)])]
    assert (calls, await db.fetchval(state)) == (["a call"], "queued")
    running = asyncio.create_task(working.run())
    async with asyncio.timeout(30):
        while await db.fetchval(state) != "expired":  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait([running])


async def test_a_stop_leaves_no_call_that_was_committed_to(db: asyncpg.Pool) -> None:
    """Broken by: a claim that ends with its loop, after its commit: its calls would be in doubt and never made."""
    marker, sender = Commits(), Delivers()
    marker.may.clear()
    running = asyncio.create_task(scheduler(db, marker, sender).run())
    async with asyncio.timeout(30):
        await marker.begun.wait()
        running.cancel()
        await asyncio.sleep(0)
        marker.may.set()
        await asyncio.wait([running])
    assert sender.calls.count("a call") == 1
