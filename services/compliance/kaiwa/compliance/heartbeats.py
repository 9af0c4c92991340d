"""Heartbeats: an empty record to each partition now and then, without which nothing is ever physically erased.

The log cleaner never reads the active segment, and a segment rolls only when a later record is appended. So on an
idle partition a tombstone and what it names would lie side by side for ever.
"""

import asyncio
import time
from functools import partial
from typing import Final

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.loops import elected, keep
from kaiwa.compliance.pace import ERASABLE, Pace
from kaiwa.contracts import topics
from kaiwa.runtime import metrics

_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge one round


class Heartbeats:
    """Elected: one writer is enough, and two would only cost."""

    def __init__(self, pool: asyncpg.Pool, producer: Producer, pace: Pace) -> None:
        self._pool, self._producer, self._pace = pool, producer, pace
        self._last = dict.fromkeys(ERASABLE, time.monotonic())
        for topic in ERASABLE:
            metrics.HEARTBEAT_AGE.labels(topic).set_function(partial(self._age, topic))

    async def run(self) -> None:
        await elected(self._pool, lambda: keep(self._turn, name="heartbeats", every=0), name="heartbeats")

    async def _turn(self) -> bool:
        """One round to every partition, then the rest of the period."""
        started = time.monotonic()
        for topic in ERASABLE:
            count = await self._producer.partitions(topic, within=_WITHIN)
            beats = [Outgoing(topic, topics.HEARTBEAT_KEY, b"", partition=number) for number in range(count)]
            await self._producer.publish(beats, within=_WITHIN)
            self._last[topic] = time.monotonic()
            metrics.HEARTBEATS.labels(topic).inc(count)
        await asyncio.sleep(max(0.0, started + self._pace.heartbeat - time.monotonic()))
        return True

    def _age(self, topic: str) -> float:
        return time.monotonic() - self._last[topic]
