"""Comments whose age decides, read for their own time: only where their first delivery may have been late."""

from datetime import datetime, timedelta

import asyncpg

from kaiwa.dispatcher.rounds import each, learning, rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.threads import Threads
from kaiwa.runtime import logs
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 0.2  # seconds between rounds
_MOST = 20  # comments of one round
_LEASE = timedelta(seconds=60)
_AGAIN = timedelta(seconds=2)  # after a reading that failed
_FAILURES = 3  # readings, before a comment counts as too old


class Grants:
    def __init__(self, pool: asyncpg.Pool, threads: Threads) -> None:
        self._pool = pool
        self._threads = threads

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="grants_wait")

    async def once(self) -> None:
        async with self._pool.acquire() as connection:
            wanted = [row async for row in _sql.take_comments(connection, lease=_LEASE, most=_MOST)]
        await each(wanted, self._read)

    async def _read(self, row: Row) -> None:
        made_at = await self._threads.comment_made_at(row)
        async with learning(self._pool, row) as connection:
            await _learn(connection, row, made_at)


async def _learn(connection: Connection, row: Row, made_at: datetime | None) -> None:
    comment = {"account_id": row["account_id"], "comment_id": row["comment_id"]}
    if made_at is None:
        await _sql.comment_unread(connection, **comment, pause=_AGAIN, most=_FAILURES)
    else:
        await _sql.comment_read(connection, **comment, created_at=made_at)
