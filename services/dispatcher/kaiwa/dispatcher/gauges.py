"""The gauges say how things stand, in a loop of their own: a table that is locked stops the tidying, and not them."""

import time
from collections.abc import Callable
from typing import Final

import asyncpg
from prometheus_client import Gauge

from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.slices import Slices
from kaiwa.runtime import metrics
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_EVERY: Final = 5.0
_LATE: Final = 2 * _EVERY  # seconds after a look; the next one takes its time, too


class Gauges:
    """An age grows while nobody can look: that what was old is still there is then the best guess, and an alert on it
    must not stay silent because the look itself fails.
    """

    def __init__(
        self, pool: asyncpg.Pool, slices: Slices, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._slices, self._now = pool, slices, now
        self._looked = now()
        for gauge in (metrics.DOUBT_AGE, metrics.CONTENT_AGE, metrics.SLICE_AGE, metrics.ERASED_ON_DISK):
            self._show(gauge, 0)

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="gauges_wait")

    async def once(self) -> None:
        state = await _sql.gauges(self._pool)
        troubles = dict(await _sql.troubles(self._pool))
        usage = [row async for row in _sql.usage(self._pool)]
        slice_age = await self._slices.age()
        gone, oldest = await self._slices.erased()
        self._looked = self._now()
        metrics.IN_DOUBT.set(state["in_doubt"])
        metrics.OUTBOX_LAG.set(state["outbox"])
        for state_name, accounts in state["accounts"].items():
            metrics.ACCOUNTS.labels(state_name).set(accounts)
        for trouble, accounts in troubles.items():
            metrics.TROUBLED.labels(trouble).set(accounts)
        for row in usage:
            metrics.USAGE.labels(row["scope"]).set(row["ratio"])
        for seconds in gone:
            metrics.ERASED_FROM_HEAP.observe(seconds)
        for lane, age in state["queue_ages"].items():
            self._show(metrics.QUEUE_AGE.labels(lane), age)
        self._show(metrics.DOUBT_AGE, state["doubt_age"])
        self._show(metrics.CONTENT_AGE, state["content_age"])
        self._show(metrics.SLICE_AGE, slice_age)
        self._show(metrics.ERASED_ON_DISK, oldest)

    def _show(self, gauge: Gauge, age: float) -> None:
        gauge.set_function(lambda: age + max(0.0, self._now() - self._looked - _LATE))
