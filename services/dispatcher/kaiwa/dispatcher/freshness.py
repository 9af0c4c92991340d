"""How fresh our knowledge is: per partition of the events, the moment up to which everything has been applied.

The end offsets are fetched at a moment of PostgreSQL's clock; once the consumer is past them, everything that was in
the partition at that moment is in the database. How far that is by offset is written down by each batch of events itself;
here it is said of partitions that were taken over, or whose last offsets hold no records.
"""

import asyncio
import time

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from kaiwa.bus.batches import Batches
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 0.25  # seconds; a refusal waits for the next round
_LOOK = 0.02  # seconds between looks whether the consumer has passed the ends
_WITHIN = 1.0  # seconds for the consumer to pass them, before they are fetched anew


class Freshness:
    def __init__(self, pool: asyncpg.Pool, events: Batches, clock: DatabaseClock) -> None:
        self._pool = pool
        self._events = events
        self._clock = clock
        self._said: set[TopicPartition] = set()

    async def run(self) -> None:
        while True:
            try:
                await self.once()
            except (KafkaError, *UNREACHABLE) as error:
                _log.warning("freshness_waits", exc_info=error)
            await asyncio.sleep(_EVERY)

    async def once(self) -> None:
        """One moment, one set of ends; the partitions whose ends are passed become fresh as of that moment."""
        fetched_at = await self._clock.read(self._pool)
        async with asyncio.timeout(_WITHIN):
            ends = await self._events.ends()
        deadline = time.monotonic() + _WITHIN
        while behind := await self._behind(ends):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(_LOOK)
        applied = await self._events.applied()
        passed = (ends.keys() - behind) & applied.keys()
        self._said &= applied.keys()
        if passed:
            await _sql.raise_freshness(
                self._pool,
                partitions=[each.partition for each in passed],
                positions=[applied[each] for each in passed],
                anew=[each.partition for each in passed - self._said],
                fetched_at=fetched_at,
            )
            self._said |= passed

    async def _behind(self, ends: dict[TopicPartition, int]) -> set[TopicPartition]:
        applied = await self._events.applied()
        return {partition for partition, end in ends.items() if applied.get(partition, -1) < end}
