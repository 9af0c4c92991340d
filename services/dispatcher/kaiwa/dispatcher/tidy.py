"""Keeping the house: contents past their grace go, and what nothing asks for any more."""

from datetime import timedelta

import asyncpg

from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.slices import Slices
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_EVERY = 5.0


class Tidy:
    def __init__(self, pool: asyncpg.Pool, slices: Slices, *, grace: timedelta) -> None:
        self._pool = pool
        self._slices = slices
        self._grace = grace

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="tidying_waits")

    async def once(self) -> None:
        await self._slices.keep()
        await _sql.drop_erased_contents(self._pool)
        await _sql.drop_contents(self._pool, grace=self._grace)
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
