"""Where partitions end, how far a group has committed, and where a moment lies: questions that read no record."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from kaiwa.bus.clients import reading
from kaiwa.bus.errors import away
from kaiwa.contracts.times import to_ms
from kaiwa.runtime.settings import Kafka

_TIMEOUT: Final = 10.0  # seconds to connect


class Offsets:
    """Each method raises KafkaError where Kafka is away."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The offset that the next record of each will have."""
        found: Mapping[TopicPartition, int] = await self._consumer.end_offsets(list(partitions))
        return found

    async def committed(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Below which the group has handled every record; 0 where it has said nothing yet."""
        return {partition: await self._consumer.committed(partition) or 0 for partition in partitions}

    async def at(
        self, partitions: Collection[TopicPartition], moment: datetime
    ) -> Mapping[TopicPartition, int]:
        """The first offset of this moment or later, by the broker's clock; partitions without one are left out."""
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, to_ms(moment)))
        return {partition: place.offset for partition, place in found.items() if place is not None}


@asynccontextmanager
async def offsets(kafka: Kafka, *, client_id: str, group: str | None = None) -> AsyncIterator[Offsets]:
    """A connection for such questions. ``group``: whose commits are meant; it is asked about, not joined."""
    consumer = AIOKafkaConsumer(**reading(kafka, client_id=client_id), group_id=group)
    try:
        try:
            async with asyncio.timeout(_TIMEOUT):
                await consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(kafka) from error
        yield Offsets(consumer)
    finally:
        await consumer.stop()
