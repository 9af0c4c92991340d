"""Contents lie in slices of time, and a slice is dropped: that is how a deleted row's bytes leave the disk.

A row that is still needed when its slice is over moves into the current one; one whose grace is over, and that no round
of upkeep has found, goes. So the bytes of a deleted row are gone
after three lengths of a slice at most, however long other rows of its slice are needed.
"""

from datetime import timedelta

import asyncpg
import asyncpg.pool

from kaiwa.runtime import logs
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_AHEAD = 2  # slices
_MOST = 500  # rows of one transaction


class Slices:
    def __init__(self, pool: asyncpg.Pool, *, length: timedelta, grace: timedelta) -> None:
        self._pool = pool
        self._length = length
        self._grace = grace

    async def keep(self) -> None:
        """There is a slice for now and for a while; without one nothing can be taken in."""
        await _sql.keep_slices(self._pool, length=self._length, ahead=_AHEAD)

    async def drop(self) -> None:
        """What is over goes. A slice that is locked for long is left to the next round."""
        async with self._pool.acquire() as connection:
            names = [row["name"] async for row in _sql.old_slices(connection, length=self._length)]
            for name in names:
                try:
                    await self._drop(connection, name)
                except (asyncpg.LockNotAvailableError, asyncpg.UndefinedTableError) as error:
                    _log.info("slice_waits", slice=name, exc_info=error)

    async def _drop(self, connection: asyncpg.pool.PoolConnectionProxy, name: str) -> None:
        await _sql.clear_slice(connection, name=name, grace=self._grace)
        while await _sql.move_slice(connection, name=name, most=_MOST):
            pass
        await _sql.drop_slice(connection, name=name)

    async def age(self) -> float:
        """Seconds since the oldest slice began."""
        return float(await _sql.oldest_slice(self._pool))

    async def erased(self) -> tuple[list[float], float]:
        """Orders whose bytes left the disk since the last look, in seconds each took; and the age of the oldest other."""
        gone = [row["seconds"] async for row in _sql.erased_off_disk(self._pool)]
        return gone, float(await _sql.erased_on_disk(self._pool))
