"""Who controls a thread: what our own calls change, and what Meta answers when it is asked.

Each question takes its slot from the Conversations API's two a second, as all readings do.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from kaiwa.dispatcher import rows
from kaiwa.dispatcher.core.state import Control, Routing
from kaiwa.dispatcher.rounds import each, learning, rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.threads import Threads
from kaiwa.meta.routing import Idle, Owner
from kaiwa.runtime import logs, metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 0.2  # seconds between rounds
_MOST = 20  # questions of one round
_LEASE = timedelta(seconds=60)
_AGAIN = timedelta(seconds=2)  # after a question that nobody answered
_FAILURES = 3  # questions, before it is decided by what is known
_DAILY = timedelta(days=1)  # between two looks at an account's mode
_SOON = timedelta(minutes=10)  # after one that failed


async def done(connection: Connection, part: Row, at: datetime) -> None:
    """The platform did as it was told; for a request the owner's event says what came of it."""
    asked = rows.thread_control(part)
    if asked is None or asked.action == "request":
        return
    owner: dict[str, Control] = {"pass": "other", "take": "ours", "release": "idle", "extend": "ours"}
    until = None if asked.seconds is None else at + timedelta(seconds=asked.seconds)
    room = {"account_id": part["account_id"], "customer_id": part["customer_id"]}
    await _sql.note_control(connection, **room, control=owner[asked.action], at=at, until=until)


async def unknown(connection: Connection, part: Row) -> None:
    """Nobody knows whether it was done."""
    await _sql.doubt_control(connection, account_id=part["account_id"], customer_id=part["customer_id"])


async def note_mode(connection: Connection, account_id: str, routing: Routing | None) -> None:
    """An account's mode; that all connected apps may answer at once deserves a warning."""
    if routing == "open":
        _log.warning(
            "zero_config: every app connected to this account gets every event and may answer; choose a default "
            "app in the Page's settings, Instagram Conversation Routing",
            account_id=account_id,
        )
    await _sql.note_mode(connection, account_id=account_id, routing=routing, pause=_DAILY)


class Owners:
    """Asks Meta who owns a thread, where a decision needs it, and in which mode each account is, once a day."""

    def __init__(self, pool: asyncpg.Pool, threads: Threads) -> None:
        self._pool = pool
        self._threads = threads

    async def run(self) -> None:
        works = (self.ask, self.modes)
        await asyncio.gather(*(rounds(work, every=_EVERY, waits="owners_wait") for work in works))

    async def ask(self) -> None:
        async with self._pool.acquire() as connection:
            wanted = [row async for row in _sql.take_owners(connection, lease=_LEASE, most=_MOST)]
        await each(wanted, self._ask)

    async def _ask(self, row: Row) -> None:
        asked_at, owner = await self._threads.owner(row)
        async with learning(self._pool, row) as connection:
            await _learn(connection, row, asked_at, owner)

    async def modes(self) -> None:
        async with self._pool.acquire() as connection:
            wanted = [row async for row in _sql.take_modes(connection, lease=_LEASE, most=_MOST)]
            metrics.ZERO_CONFIG.set(await _sql.open_accounts(connection))
        await each(wanted, self._mode)

    async def _mode(self, row: Row) -> None:
        found = await self._threads.mode(row)
        async with self._pool.acquire() as connection:
            if found is None:
                known = {"account_id": row["account_id"], "routing": row["routing"]}
                await _sql.note_mode(connection, **known, pause=_SOON)
            else:
                await note_mode(connection, row["account_id"], None if found == "alone" else found)


async def _learn(connection: Connection, row: Row, asked_at: datetime, owner: Owner | Idle | None) -> None:
    room = {"account_id": row["account_id"], "customer_id": row["customer_id"]}
    metrics.OWNERS_ASKED.labels(_outcome(owner, row["app_id"])).inc()
    match owner:
        case None:
            await _sql.owner_failed(connection, **room, pause=_AGAIN, most=_FAILURES)
        case Idle():
            await _sql.note_control(connection, **room, control="idle", at=asked_at, until=None)
            await _sql.owner_asked(connection, **room, at=asked_at)
        case Owner(app_id=app_id, until=until):
            control: Control = "ours" if app_id == row["app_id"] else "other"
            await _sql.note_control(connection, **room, control=control, at=asked_at, until=until)
            await _sql.owner_asked(connection, **room, at=asked_at)


def _outcome(owner: Owner | Idle | None, app_id: str) -> Literal["unanswered", "idle", "ours", "other"]:
    match owner:
        case None:
            return "unanswered"
        case Idle():
            return "idle"
        case Owner():  # pragma: no branch - mypy proves that there is no other
            return "ours" if owner.app_id == app_id else "other"
