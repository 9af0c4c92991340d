"""Keeping the house: contents past their grace go, and the gauges say how things stand."""

from datetime import timedelta

import asyncpg

from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.slices import Slices
from kaiwa.runtime import logs, metrics
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

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
        state = await _sql.gauges(self._pool)
        metrics.IN_DOUBT.set(state["in_doubt"])
        metrics.DOUBT_AGE.set(state["doubt_age"])
        for lane, age in state["queue_ages"].items():
            metrics.QUEUE_AGE.labels(lane).set(age)
        for state_name, accounts in state["accounts"].items():
            metrics.ACCOUNTS.labels(state_name).set(accounts)
        for trouble, accounts in dict(await _sql.troubles(self._pool)).items():
            metrics.TROUBLED.labels(trouble).set(accounts)
        async for row in _sql.usage(self._pool):
            metrics.USAGE.labels(row["scope"]).set(row["ratio"])
        metrics.OUTBOX_LAG.set(state["outbox"])
        metrics.CONTENT_AGE.set(state["content_age"])
        metrics.SLICE_AGE.set(await self._slices.age())
        gone, oldest = await self._slices.erased()
        for seconds in gone:
            metrics.ERASED_FROM_HEAP.observe(seconds)
        metrics.ERASED_ON_DISK.set(oldest)
