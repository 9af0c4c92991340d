"""Claims that are committed to as they are made, a request that cannot be, and a stop meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import asyncpg
import pytest

from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.decide import Send
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Call, Claim, Marker
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Slots
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool

SHOP, WARMING = "17840000000000001", "17840000000000002"
POLICY = Policy(
    window_margin=timedelta(seconds=90), human_hold=timedelta(minutes=30), lease=timedelta(seconds=30)
)
ACCOUNT = """
insert into dispatcher.accounts (account_id, app_id, login, page_id, display_name, locale, human_agent, default_app,
    unknown_echo, limits, state, sealed_token)
values ($1, '1001', 'facebook', $1, 'Shop', 'en', true, true, 'hold', '{"text_per_second": 5}', 'active', 'sealed')
"""
CONVERSATION = """
insert into dispatcher.conversations (account_id, customer_id, partition, window_opened_at, last_customer_at, control,
    control_at, next_due, next_lane, next_bucket, next_deadline)
values ($1, $2, 0, now(), now(), 'ours', now(), now(), 0, 'text', now() + interval '1 day')
"""
REQUEST = """
insert into dispatcher.intents (intent_id, account_id, request_id, customer_id, author_kind, lane, content_kind, pieces,
    state, requested_at, due_at, next_at)
values ($2, $1, $2, $2, 'human', 'human', 'text', 1, 'queued', now(), now(), now())
"""


class Commits:
    """A marker that notes what it was asked for, and commits to it once it may, or fails."""

    def __init__(self, *, failing: bool = False) -> None:
        self.asked: list[list[str]] = []
        self.begun, self.may = asyncio.Event(), asyncio.Event()
        self.may.set()
        self._failing = failing

    async def within(self, _: Any, decided: list[tuple[Row, Send]]) -> dict[str, Call]:
        ids = [row["intent_id"] for row, _ in decided]
        self.asked.append(ids)
        self.begun.set()
        await self.may.wait()
        if self._failing:
            raise IndexError("what nobody thought of")
        return dict.fromkeys(ids, cast("Call", "a call"))


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Two requests of one account whose slots are 220 ms apart, and statements that have been prepared by then."""
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        for shop in (WARMING, SHOP):
            await opened.execute(ACCOUNT, shop)
            for customer in (f"{shop} c1", f"{shop} c2"):
                await opened.execute(CONVERSATION, shop, customer)
                await opened.execute(REQUEST, shop, customer)
        await scheduler(opened, Commits()).claim([Ask(Desk(WARMING, "text"), 0, 2)])
        yield opened


class Delivers:
    """A sender that notes what it is given."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    async def deliver(self, _: Claim, call: object) -> None:
        self.calls.append(call)


def scheduler(db: asyncpg.Pool, marker: Commits, sender: Delivers | None = None) -> Scheduler:
    slots = Slots(db, DatabaseClock())
    return Scheduler(
        db, cast("Marker", marker), cast("Sender", sender), slots, Bell(), policy=POLICY, calls=10
    )


async def claimed(db: asyncpg.Pool, marker: Commits) -> tuple[list[object], int]:
    """The calls of the claims, None where there is none yet; and how many requests are claimed in the database."""
    found = await scheduler(db, marker).claim([Ask(Desk(SHOP, "text"), 0, 2)])
    count = await db.fetchval(
        "select count(*) from dispatcher.intents where state = 'claimed' and account_id = $1", SHOP
    )
    return [call for _, call in found], count


async def test_what_is_near_is_committed_to_at_once(db: asyncpg.Pool) -> None:
    """Broken by: a call that is committed to 220 ms before it may leave, when a human could still take over."""
    marker = Commits()
    calls, _ = await claimed(db, marker)
    assert (calls, [len(ids) for ids in marker.asked]) == (["a call", None], [1])


async def test_one_that_cannot_be_committed_to_stops_nobody(db: asyncpg.Pool) -> None:
    """Broken by: a scheduler that ends, or that makes the same claims again and again."""
    marker = Commits(failing=True)
    calls, count = await claimed(db, marker)
    assert (calls, count, len(marker.asked)) == ([None, None], 2, 1)


async def test_a_stop_leaves_no_call_that_was_committed_to(db: asyncpg.Pool) -> None:
    """Broken by: a claim that ends with its loop, after its commit: its calls would be in doubt and never made."""
    marker, sender = Commits(), Delivers()
    marker.may.clear()
    running = asyncio.create_task(scheduler(db, marker, sender).run())
    async with asyncio.timeout(10):
        await marker.begun.wait()
        running.cancel()
        await asyncio.sleep(0)
        marker.may.set()
        await asyncio.wait([running])
    assert sender.calls.count("a call") == 1
