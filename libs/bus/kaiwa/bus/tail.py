"""The newest records of a topic, kept in memory for many readers, each with a place of its own."""

import asyncio
import heapq
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from kaiwa.bus.reader import connected, partitions_of
from kaiwa.bus.records import Record
from kaiwa.bus.salvage import take
from kaiwa.runtime import logs
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka

_IDLE: Final = 0.05  # seconds between looks at a topic that is read to its end
_PAUSE: Final = 1.0  # seconds before the next attempt to connect

Places = Mapping[int, int]
"""By partition, the offset of the next record to be had."""

_log = logs.get_logger()


class Tail:
    """Follows a topic from its end, with one consumer and without a group.

    Run ``follow`` as a background loop. ``begins``: from there on everything is kept; ``ends``: up to there it was read.
    Both are empty until Kafka was reached, which sets ``begun``.
    """

    def __init__(self, kafka: Kafka, topic: str, *, most: int, client_id: str) -> None:
        self._kafka, self._topic, self._most, self._client_id = kafka, topic, most, client_id
        self._kept: dict[int, deque[Record]] = {}
        self._order: deque[int] = deque()
        self._news = asyncio.Event()
        self.begun = asyncio.Event()
        self.begins: dict[int, int] = {}
        self.ends: dict[int, int] = {}

    def since(self, places: Places) -> list[Record]:
        """What is kept from these places on; of each partition in its order, and else as Kafka's times say."""
        found = [
            [kept[n] for n in range(bisect_left(kept, place, key=_offset), len(kept))]
            for partition, place in places.items()
            if (kept := self._kept.get(partition)) and kept[-1].offset >= place
        ]
        return list(heapq.merge(*found, key=lambda record: record.timestamp))

    async def news(self, *, within: float) -> None:
        """Wait until something was read, or for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()

    async def follow(self) -> None:
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError, TimeoutError, DependencyError) as error:
                _log.warning("tail_interrupted", topic=self._topic, exc_info=error)
                await asyncio.sleep(_PAUSE)

    async def _follow(self) -> None:
        async with connected(self._kafka, self._client_id) as consumer:
            partitions = await partitions_of(consumer, [self._topic])
            consumer.assign(partitions)
            if not self.ends:
                self._begin(await consumer.end_offsets(partitions))
            for partition in partitions:
                consumer.seek(partition, self.ends[partition.partition])
            while True:
                if not await self._read(consumer, partitions):
                    await asyncio.sleep(_IDLE)

    def _begin(self, ends: Mapping[TopicPartition, int]) -> None:
        self.ends = {partition.partition: offset for partition, offset in ends.items()}
        self.begins = dict(self.ends)
        self._kept = {partition: deque() for partition in self.ends}
        self.begun.set()

    async def _read(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> bool:
        taken = [record for partition in partitions for record in await take(consumer, partition)]
        for record in taken:
            self._keep(record)
        if taken:
            self._news.set()
            self._news = asyncio.Event()
        return bool(taken)

    def _keep(self, record: Record) -> None:
        self._kept[record.partition].append(record)
        self._order.append(record.partition)
        self.ends[record.partition] = record.offset + 1
        if len(self._order) > self._most:
            oldest = self._order.popleft()
            self.begins[oldest] = self._kept[oldest].popleft().offset + 1


def _offset(record: Record) -> int:
    return record.offset
