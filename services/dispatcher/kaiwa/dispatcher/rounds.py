"""What every loop of questions has in common: it goes round through a database that is away, and learns under one order
of locks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import asyncpg

from kaiwa.dispatcher import queues
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.throttling import Throttled
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE, Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()


async def rounds(
    work: Callable[[], Awaitable[object]], *, every: float, waits: str, share: float = 1.0
) -> None:
    """Work until cancelled, ``every`` so many seconds, and at once again while it answers that there was something.

    ``share``: the most of the time that may go into it; what takes long is done less often. While PostgreSQL is away
    ``waits`` is logged.
    """
    while True:
        began = time.monotonic()
        try:
            while await work():
                pass
        except UNREACHABLE as error:
            _log.warning(waits, exc_info=error)
        took = time.monotonic() - began
        await asyncio.sleep(max(every, took / share - took))


async def each(rows: Iterable[Row], work: Callable[[Row], Awaitable[object]]) -> None:
    """Work on all of these at once. What Meta throttles is no failure: it is left to its lease, and taken again after the pause."""
    await asyncio.gather(*(_unless_throttled(row, work) for row in rows))


async def _unless_throttled(row: Row, work: Callable[[Row], Awaitable[object]]) -> None:
    with suppress(Throttled):
        await work(row)


@asynccontextmanager
async def learning(pool: asyncpg.Pool, row: Row) -> AsyncIterator[Connection]:
    """A transaction in which something is learnt of a conversation: what is due there is looked at anew afterwards."""
    accounts, customers = [row["account_id"]], [row["customer_id"]]
    async with pool.acquire() as connection, connection.transaction():
        _ = [r async for r in _sql.lock_conversations(connection, accounts=accounts, customers=customers)]
        yield connection
        await _sql.wake_due(connection, account_id=row["account_id"], customer_id=row["customer_id"])
        await queues.refresh(connection, accounts=accounts, customers=customers)
