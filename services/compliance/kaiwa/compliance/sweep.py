"""The sweep: retention kept by tombstones, as Kafka's own never fires on a compacted partition that is in use.

It follows each content partition at a distance: a tombstone for every record older than the retention, by the time
at which the broker had it. Never past what intake has committed, or an unsend could be swept before it was noticed.
Nor by a clock that ran ahead: a partition without a record of the last heartbeats, by our clock, is left alone.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
from aiokafka import TopicPartition

from kaiwa.bus.offsets import Offsets, offsets
from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing, Record, is_heartbeat, is_tombstone
from kaiwa.compliance.locate import CONTENT, partition_counts
from kaiwa.compliance.loops import elected, keep
from kaiwa.compliance.pace import Pace
from kaiwa.runtime import crash, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import Kafka
from kaiwa.store import queries

_PAGE: Final = 1_000  # tombstones published at once
_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge them
_BEATS: Final = 2  # heartbeat periods that a partition's newest record may be old
_ALLOWANCE: Final = 15.0  # seconds more, for a busy machine and for clocks that differ
_ROUNDS: Final = 20  # rounds in one retention: what is swept is at most a twentieth older than it should be

Range = Mapping[TopicPartition, int]


class Sweeper:
    """Elected, as two would only write twice. ``group`` is intake's; ``retention`` in seconds; ``now`` is our clock."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        producer: Producer,
        kafka: Kafka,
        pace: Pace,
        *,
        group: str,
        retention: float,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pool, self._producer, self._kafka, self._pace = pool, producer, kafka, pace
        self._group, self._retention, self._now = group, retention, now
        self._sql: Any = queries.load("kaiwa.compliance")
        self._last = time.monotonic()
        metrics.SWEEP_AGE.set_function(lambda: time.monotonic() - self._last)

    async def run(self) -> None:
        every = min(self._pace.heartbeat, self._retention / _ROUNDS)
        await elected(self._pool, lambda: keep(self._turn, name="sweep", every=every), name="sweep")

    async def _turn(self) -> bool:
        counts = await partition_counts(self._producer)
        partitions = [TopicPartition(topic, number) for topic in CONTENT for number in range(counts[topic])]
        async with offsets(self._kafka, client_id="kaiwa.compliance.sweep", group=self._group) as asked:
            until = await self._until(asked, partitions)
            start = await self._start(await asked.ends(partitions))
        behind = {partition: end for partition, end in until.items() if start[partition] < end}
        for partition, end in behind.items():
            await self._sweep(partition, start[partition], end)
        self._last = time.monotonic()
        return False

    async def _until(self, asked: Offsets, partitions: list[TopicPartition]) -> Range:
        """Up to where everything is older than the retention, and read by intake."""
        now = self._now()
        alive = await asked.at(
            partitions, now - timedelta(seconds=_BEATS * self._pace.heartbeat + _ALLOWANCE)
        )
        young = await asked.at(list(alive), now - timedelta(seconds=self._retention))
        committed = await asked.committed(list(young))
        return {partition: min(offset, committed[partition]) for partition, offset in young.items()}

    async def _start(self, ends: Range) -> Range:
        """Where the sweep stands; the beginning where the topic is a new one under the old name."""
        async with self._pool.acquire() as connection:
            swept = {
                TopicPartition(row["topic"], row["partition"]): row["next_offset"]
                async for row in self._sql.swept(connection)
            }
        return {
            partition: offset if (offset := swept.get(partition, 0)) <= end else 0
            for partition, end in ends.items()
        }

    async def _sweep(self, partition: TopicPartition, start: int, until: int) -> None:
        records = read(
            self._kafka,
            client_id="kaiwa.compliance.sweep",
            partitions=[partition],
            start={partition: start},
            until={partition: until},
        )
        async for page in _pages(records):
            await self._erase(page)
            await self._pass(partition, page[-1].offset + 1)
        await self._pass(partition, until)

    async def _erase(self, page: list[Record]) -> None:
        old = {record.key: record for record in page if not (is_tombstone(record) or is_heartbeat(record))}
        gone = [Outgoing(r.topic, key, None, partition=r.partition) for key, r in old.items() if key]
        if gone:
            await self._producer.publish(gone, within=_WITHIN)
            metrics.TOMBSTONES.labels(gone[0].topic, "retention").inc(len(gone))
        crash.point("compliance.swept")

    async def _pass(self, partition: TopicPartition, next_offset: int) -> None:
        async with self._pool.acquire() as connection:
            await self._sql.mark_swept(
                connection, topic=partition.topic, partition=partition.partition, next_offset=next_offset
            )


async def _pages(records: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    page: list[Record] = []
    async for record in records:
        page.append(record)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page
