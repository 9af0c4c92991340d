"""A scheduler on a real database between a marker and a sender that only note what they are given."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import asyncpg

from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commitments import Call, Claim
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.decide import Send
from kaiwa.dispatcher.core.pace import Lead
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Marker, Prepared
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Given, Slots, Want
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import Connection, pool

SHOP, WARMING = "17840000000000001", "17840000000000002"
POLICY = Policy(
    window_margin=timedelta(seconds=90), human_hold=timedelta(minutes=30), lease=timedelta(seconds=30)
)
ACCOUNT = """
insert into dispatcher.accounts (account_id, app_id, login, page_id, display_name, locale, human_agent, default_app,
    unknown_echo, limits, state, sealed_token)
values ($1, '1001', 'facebook', $1, 'Shop', 'en', true, true, 'hold', '{"text_per_second": 0.5}', 'active', 'sealed')
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

    async def prepare(self, _: Any, decided: list[tuple[Row, Send]]) -> Prepared:
        ids = [row["intent_id"] for row, _ in decided]
        if ids:
            self.asked.append(ids)
            self.begun.set()
            await self.may.wait()
        if ids and self._failing:
            raise IndexError("what nobody thought of")
        return Prepared(dict.fromkeys(ids, cast("Any", "a call")), {}, frozenset())

    def parts(self, prepared: Prepared) -> list[dict[str, Any]]:
        return [{"intent_id": name, "kind": "text", "covers": 0} for name in prepared.ready]

    def calls(self, prepared: Prepared, numbers: Mapping[str, int]) -> dict[str, Call]:
        return {name: call for name, call in prepared.ready.items() if numbers[name]}  # type: ignore[misc]


class Delivers:
    """A sender that notes what it is given, if asked for the claims as soon as they are begun."""

    def __init__(self, claims: list[Claim] | None = None) -> None:
        self.calls: list[object] = []
        self._claims = [] if claims is None else claims

    def deliver(self, claim: Claim, call: object) -> Coroutine[Any, Any, None]:
        self._claims.append(claim)
        return self._deliver(call)

    async def _deliver(self, call: object) -> None:
        self.calls.append(call)


class Ahead(Slots):
    """Gives out slots so far ahead that no stall of the machine makes the second one near."""

    async def give(
        self,
        connection: Connection,
        buckets: Sequence[Row],
        wanted: Sequence[Want],
        *,
        horizon: timedelta = timedelta(seconds=5),
        lead: Lead | None = None,
    ) -> Given:
        return await super().give(connection, buckets, wanted, horizon=horizon, lead=lead)


def scheduler(
    db: asyncpg.Pool, marker: Commits, sender: Delivers | None = None, *, calls: int = 10
) -> Scheduler:
    slots = Ahead(db, DatabaseClock())
    return Scheduler(
        db, cast("Marker", marker), cast("Sender", sender), slots, Bell(), policy=POLICY, calls=calls
    )


@asynccontextmanager
async def shops(
    database: str, customers: Sequence[str], requests: Sequence[str]
) -> AsyncIterator[asyncpg.Pool]:
    """An account whose slots are 2.2 s apart, with conversations and, in some of them, a request; and statements that have
    been prepared by then.
    """
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        for shop, names, asked in ((WARMING, ["w1"], ["w1"]), (SHOP, customers, requests)):
            await opened.execute(ACCOUNT, shop)
            for customer in names:
                await opened.execute(CONVERSATION, shop, customer)
            for customer in asked:
                await opened.execute(REQUEST, shop, customer)
        await scheduler(opened, Commits()).claim([Ask(Desk(WARMING, "text"), 0, 2)])
        yield opened
