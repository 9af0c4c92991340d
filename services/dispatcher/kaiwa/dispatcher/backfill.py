"""Reading all of an account's threads once, for the windows that opened before anybody listened.

Each page is one transaction with the place where the next one begins, so that a run that was ended goes on there.
What the API cannot return stays unknown, and is named where a name is known: a customer's message behind the 20 newest,
and threads that are not listed, as those of the Requests folder are after 30 idle days (platform.md 5).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from kaiwa.contracts.partition import of_conversation
from kaiwa.dispatcher.core.thread import READABLE, heard_at
from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.threads import Threads
from kaiwa.meta.answers import Thread, ThreadPage
from kaiwa.runtime import crash, logs
from kaiwa.runtime.errors import DependencyError
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_TRIES = 3  # readings of one page
_EVERY = 1.0  # seconds between looks for one
_LEASE = timedelta(seconds=60)  # above what a page may take

_log = logs.get_logger()


@dataclass(frozen=True)
class Gaps:
    """Customers of whom the API did not tell: their last message is behind the newest 20; their thread is not listed."""

    behind: tuple[str, ...]
    not_listed: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """Threads read so far, and in how many of them the customer was heard."""

    threads: int
    heard: int


class Backfill:
    def __init__(self, pool: asyncpg.Pool, threads: Threads, *, partitions: int) -> None:
        self._pool = pool
        self._threads = threads
        self._partitions = partitions

    async def run(self, login: Row) -> AsyncIterator[Progress]:
        """How far it is after each page. Raises DependencyError where Meta does not answer."""
        async with self._pool.acquire() as connection:
            begun = await _sql.begin_backfill(connection, account_id=login["account_id"])
        done, cursor = Progress(begun["threads"], begun["heard"]), begun["cursor"]
        while True:
            page = await self._page(login, cursor)
            found = [(who, thread) for thread in page.threads if (who := _customer(login, thread))]
            async with self._pool.acquire() as connection, connection.transaction():
                heard = [
                    await self._learn(connection, login["account_id"], *each)
                    for each in sorted(found, key=_name)
                ]
                done, cursor = Progress(done.threads + len(found), done.heard + sum(heard)), page.after
                await _sql.note_backfill(
                    connection,
                    account_id=login["account_id"],
                    cursor=cursor,
                    threads=done.threads,
                    heard=done.heard,
                )
            crash.point("dispatcher.page_backfilled")
            yield done
            if cursor is None:
                return

    async def gaps(self, account_id: str) -> Gaps:
        """What the last run could not learn."""
        async with self._pool.acquire() as connection:
            found = [row async for row in _sql.gaps(connection, account_id=account_id)]
        behind = tuple(row["customer_id"] for row in found if row["listed"])
        return Gaps(behind, tuple(row["customer_id"] for row in found if not row["listed"]))

    async def _page(self, login: Row, cursor: str | None) -> ThreadPage:
        for _ in range(_TRIES):
            page = await self._threads.page(login, cursor)
            if page is not None:
                return page
        raise DependencyError(
            "Meta does not list the account's threads now: run this again, it goes on where it was"
        )

    async def _learn(self, connection: Connection, account_id: str, customer_id: str, thread: Thread) -> bool:
        room = {"accounts": [account_id], "customers": [customer_id]}
        partition = of_conversation(account_id, customer_id, self._partitions)
        await _sql.hold_conversations(connection, **room, partitions=[partition])
        at = heard_at(thread.messages, customer_id)
        await _sql.looked(connection, account_id=account_id, customer_id=customer_id, heard_at=at)
        whole = at is not None or len(thread.messages) < READABLE
        await _sql.note_whole(connection, account_id=account_id, customer_id=customer_id, whole=whole)
        return at is not None


def _customer(login: Row, thread: Thread) -> str | None:
    """Who is not the account; there are no groups (platform.md 5)."""
    others = [side for side in thread.participants if side not in (login["account_id"], login["page_id"])]
    return others[0] if len(others) == 1 else None


def _name(found: tuple[str, Thread]) -> str:
    return found[0]


class Backfills:
    """Runs the backfills that logins asked for, one at a time in each process; another one takes over where it died."""

    def __init__(self, pool: asyncpg.Pool, work: Backfill) -> None:
        self._pool = pool
        self._work = work

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="backfills_wait")

    async def once(self) -> bool:
        """Whether there was one."""
        login = await _sql.take_backfill(self._pool, lease=_LEASE)
        if login is None:
            return False
        try:
            async for _ in self._work.run(login):
                await _sql.keep_backfill(self._pool, account_id=login["account_id"], lease=_LEASE)
        except DependencyError as error:  # its lease ends, and somebody tries again
            _log.warning("backfill_waits", account_id=login["account_id"], exc_info=error)
            return True
        await _sql.end_backfill(self._pool, account_id=login["account_id"])
        return True
