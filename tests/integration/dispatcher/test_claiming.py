"""Claims that are committed to as they are made, a request that cannot be, and a stop meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import asyncpg
import pytest
from claiming import POLICY, SHOP, Commits, Delivers, scheduler, shops
from msgspec.structs import replace

from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.mark import Marker


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


def marker(db: asyncpg.Pool) -> Marker:
    """The real one but for what is said."""
    made, says = Marker(db, cast("Any", None), cast("Any", None), policy=POLICY), Commits()
    for name in ("prepare", "parts", "calls"):
        setattr(made, name, getattr(says, name))
    return made


@pytest.mark.parametrize("first", ["overtaken", "claimed again"])
async def test_a_claim_that_was_overtaken_has_no_part_in_the_next_one(db: asyncpg.Pool, first: str) -> None:
    """Promise 3. A person's message took its slot, and it was claimed again before it was told; both are marked together.

    Broken by: a call for each of them, which is two messages; or none for either, as the old fence hides the new one.
    """
    _, (overtaken, call) = await scheduler(db, Commits()).claim([Ask(Desk(SHOP, "text"), 0, 2)])
    assert call is None
    fence = await db.fetchval(
        "update dispatcher.intents set fence = nextval('dispatcher.fences') where intent_id = $1 returning fence",
        overtaken.intent_id,
    )
    both = {"overtaken": overtaken, "claimed again": replace(overtaken, fence=fence)}
    order = sorted(both, key=lambda name: name != first)
    marked: list[Any] = await marker(db).mark([both[name] for name in order])
    assert dict(zip(order, marked, strict=True)) == {"overtaken": None, "claimed again": "a call"}


async def test_one_that_cannot_be_committed_to_stops_nobody(db: asyncpg.Pool) -> None:
    """Broken by: a scheduler that ends, or that makes the same claims again and again."""
    marker = Commits(failing=True)
    calls, count = await claimed(db, marker)
    assert (calls, count, len(marker.asked)) == ([None, None], 2, 1)


async def test_room_for_thousands_of_calls_is_room_for_automation(db: asyncpg.Pool) -> None:
    """Broken by: a reserve for people that is taken from each batch, which it outgrows: automation would never go."""
    await db.execute("update dispatcher.intents set lane = 'bulk'")
    await db.execute("update dispatcher.conversations set next_lane = 2")
    sender = Delivers()
    running = asyncio.create_task(scheduler(db, Commits(), sender, calls=5_000).run())
    async with asyncio.timeout(30):
        while not sender.calls:  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert "a call" in sender.calls


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
