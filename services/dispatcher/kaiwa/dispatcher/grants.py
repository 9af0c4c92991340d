"""Comments whose age decides, read for their own time: only where their first delivery may have been late."""

import asyncio
from datetime import datetime, timedelta

import asyncpg

from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.threads import Threads
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE, Connection
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
        while True:
            try:
                await self.once()
            except UNREACHABLE as error:
                _log.warning("grants_wait", exc_info=error)
            await asyncio.sleep(_EVERY)

    async def once(self) -> None:
        async with self._pool.acquire() as connection:
            wanted = [row async for row in _sql.take_comments(connection, lease=_LEASE, most=_MOST)]
        await asyncio.gather(*(self._read(row) for row in wanted))

    async def _read(self, row: Row) -> None:
        made_at = await self._threads.comment_made_at(row)
        async with self._pool.acquire() as connection, connection.transaction():
            await _learn(connection, row, made_at)


async def _learn(connection: Connection, row: Row, made_at: datetime | None) -> None:
    comment = {"account_id": row["account_id"], "comment_id": row["comment_id"]}
    accounts, customers = [row["account_id"]], [row["customer_id"]]
    _ = [r async for r in _sql.lock_conversations(connection, accounts=accounts, customers=customers)]
    if made_at is None:
        await _sql.comment_unread(connection, **comment, pause=_AGAIN, most=_FAILURES)
    else:
        await _sql.comment_read(connection, **comment, created_at=made_at)
    await _sql.wake_due(connection, account_id=row["account_id"], customer_id=row["customer_id"])
    await _sql.refresh_heads(connection, accounts=accounts, customers=customers)
