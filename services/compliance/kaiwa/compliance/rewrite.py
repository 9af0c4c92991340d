"""Ids leave PostgreSQL's files: a case that closes forgets whom it was about, and its table is written anew.

An old version of a row stays in the file until something takes its place, which no setting bounds. So the tables that hold
ids are written anew, at most once in a quarter of the bound, where something has let go of its ids since.
"""

from datetime import datetime
from typing import Any, Final

import asyncpg

from kaiwa.compliance.loops import elected, keep
from kaiwa.runtime import logs, metrics
from kaiwa.store import queries

_TABLES: Final = ("cases", "requests", "withdrawals")
_OFTEN: Final = 4  # times within the bound, at most
_COPY: Final = 600.0  # seconds for one table; whoever uses it waits meanwhile

_sql: Final[Any] = queries.load("kaiwa.compliance")
_log = logs.get_logger()


class Rewriting:
    """Elected, as one pass serves all. ``bound`` in seconds."""

    def __init__(self, pool: asyncpg.Pool, *, bound: float) -> None:
        self._pool, self._every = pool, bound / _OFTEN
        self._since: datetime | None = None

    async def run(self) -> None:
        await elected(
            self._pool, lambda: keep(self._turn, name="rewrite", every=self._every), name="rewriter"
        )

    async def _turn(self) -> bool:
        """A table that is locked for long, by a dump, say, or takes too long to copy, is left to the next turn, and the age
        says so: who asks for its lock makes others wait.
        """
        async with self._pool.acquire() as connection:
            ended = await _sql.ids_taken_out(connection, since=self._since)
            if ended["oldest"] is None:
                metrics.IDS_ON_DISK.set(0)
                return False
            metrics.IDS_ON_DISK.set((ended["now"] - ended["oldest"]).total_seconds())
            # Whoever let go before `now` has locked the table by then, or is done: it is waited for.
            for table in _TABLES:
                try:
                    async with connection.transaction():
                        await connection.execute(_sql.rewrite.sql, table, timeout=_COPY)
                except (asyncpg.LockNotAvailableError, TimeoutError) as error:
                    _log.warning("rewrite_waits", table=table, exc_info=error)
                    return False
        self._since = ended["now"]
        metrics.IDS_ON_DISK.set(0)
        return False
