"""Keeping the house: contents past their grace go, and what nothing asks for any more."""

import time
from datetime import timedelta
from typing import Final

import asyncpg

from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.slices import Slices
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_EVERY: Final = 5.0
_FIRST: Final = timedelta(minutes=10)
_COMMITTED_LATE: Final = timedelta(seconds=10)
_MANY, _TIMES = 500, 4  # rows that are worth a look, and by how much they have grown since the last one


class Tidy:
    def __init__(self, pool: asyncpg.Pool, slices: Slices, *, grace: timedelta) -> None:
        self._pool = pool
        self._slices = slices
        self._grace = grace
        self._dropped: float | None = None

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="tidying_waits")

    async def once(self) -> None:
        await self._look_at_what_grew()
        await self._slices.keep()
        await _sql.drop_erased_contents(self._pool)
        await self._drop_contents()
        await self._slices.drop()
        await _sql.drop_hashes(self._pool, grace=self._grace)
        await _sql.forget_finished(self._pool)
        await _sql.forget_fingerprints(self._pool)
        await _sql.forget_door_requests(self._pool)
        await _sql.forget_guests(self._pool)
        await _sql.forget_echoes(self._pool)
        await _sql.forget_comments(self._pool)
        await _sql.forget_unused_uploads(self._pool)
        await _sql.forget_empty_rooms(self._pool)
        await _sql.forget_traffic(self._pool)
        await _sql.forget_volumes(self._pool)

    async def _look_at_what_grew(self) -> None:
        """What was planned while a table held a few rows walks all of it, for each batch, until somebody analyses it: in the
        first flood of an installation that may be minutes, for autovacuum comes to a database once in a minute at most.
        """
        grown = [row["name"] async for row in _sql.grown(self._pool, least=_MANY, times=_TIMES)]
        if grown:
            await self._pool.execute(f"analyze (skip_locked) {', '.join(grown)}")

    async def _drop_contents(self) -> None:
        """Of what was settled since the last round, a grace earlier. What was settled while no process ran goes with its
        slice, and so does what was committed late.
        """
        now = time.monotonic()
        since = _FIRST if self._dropped is None else timedelta(seconds=now - self._dropped) + _COMMITTED_LATE
        await _sql.drop_contents(self._pool, grace=self._grace, window=since)
        self._dropped = now
