"""The gauges say how things stand, in a loop of their own: a table that is locked stops the tidying, and not them."""

import asyncio
from typing import Final

import asyncpg

from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.slices import Slices
from kaiwa.runtime import metrics
from kaiwa.runtime.metrics.ages import Ages
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_EVERY: Final = 5.0
_SHARE: Final = 0.05  # of the time; with a million that wait, or are kept, a look takes a second


class Gauges:
    def __init__(self, pool: asyncpg.Pool, slices: Slices) -> None:
        self._pool, self._slices = pool, slices
        self._ages = Ages(metrics.DOUBT_AGE, metrics.SLICE_AGE, metrics.ERASED_ON_DISK)
        self._content_age = Ages(metrics.CONTENT_AGE)

    async def run(self) -> None:
        await asyncio.gather(
            rounds(self.once, every=_EVERY, waits="gauges_wait", share=_SHARE),
            rounds(self.look_through, every=_EVERY, waits="gauges_wait", share=_SHARE),
        )

    async def look_through(self) -> None:
        """Of all contents: is one still here that should be gone, whoever should have dropped it?"""
        self._content_age.seen({metrics.CONTENT_AGE: float(await _sql.content_age(self._pool))})

    async def once(self) -> None:
        state = await _sql.gauges(self._pool)
        troubles = dict(await _sql.troubles(self._pool))
        usage = [row async for row in _sql.usage(self._pool)]
        slice_age = await self._slices.age()
        gone, oldest = await self._slices.erased()
        self._ages.seen(
            {
                metrics.DOUBT_AGE: state["doubt_age"],
                metrics.SLICE_AGE: slice_age,
                metrics.ERASED_ON_DISK: oldest,
                **{metrics.QUEUE_AGE.labels(lane): age for lane, age in state["queue_ages"].items()},
            }
        )
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
