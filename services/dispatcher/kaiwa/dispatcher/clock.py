"""PostgreSQL's clock, which all processes share, as seen from this one."""

import time
from datetime import datetime
from typing import NamedTuple

import asyncpg

from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_REMEMBER = 30.0  # seconds that the best sample of the clocks' distance counts, and as long again
_READINGS = 5


class _Sample(NamedTuple):
    """How far the clocks are apart, with the most that this may be wrong by."""

    error: float
    offset: float


_NONE = _Sample(float("inf"), 0.0)


class DatabaseClock:
    """PostgreSQL's time on the local monotonic clock: the sample with the shortest round trip says how far apart.

    A long round trip (a lock was waited for, a machine was busy) may err by half of it, which is more than a limit's
    slack; so no such sample is believed for being the newest: the best of the last 30 to 60 seconds counts.
    """

    def __init__(self) -> None:
        self._earlier = self._lately = _NONE
        self._since = 0.0

    async def read(self, source: asyncpg.Pool | Connection) -> datetime:
        """The moment on PostgreSQL's clock."""
        before = time.monotonic()
        moment: datetime = await _sql.database_time(source)
        self.note(before, moment, time.monotonic())
        return moment

    async def tune(self, source: asyncpg.Pool) -> None:
        """A few readings in a row, before the first slot is kept."""
        async with source.acquire() as connection:
            for _ in range(_READINGS):
                await self.read(connection)

    def note(self, before: float, database: datetime, after: float) -> None:
        """A reading of the database's clock between two local moments."""
        if after - self._since > _REMEMBER:
            self._earlier, self._lately, self._since = self._lately, _NONE, after
        sample = _Sample((after - before) / 2, database.timestamp() - (before + after) / 2)
        self._lately = min(self._lately, sample)

    def local(self, moment: datetime) -> float:
        """The monotonic time of a moment of the database's clock."""
        return moment.timestamp() - min(self._earlier, self._lately).offset
