"""A topic with records, a group that reads it, and what it has handled."""

import uuid
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing, Record
from kaiwa.runtime.settings import Kafka

Place = tuple[int, int]


async def fill(kafka: Kafka, topic: str, *, partitions: int, each: int) -> set[Place]:
    """Records in every partition; where they are."""
    outgoing = [
        Outgoing(topic, b"k", b"v%d" % n, partition=p) for p in range(partitions) for n in range(each)
    ]
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish(outgoing, within=20)
    return {(p, n) for p in range(partitions) for n in range(each)}


async def committed(kafka: Kafka, group: str, topic: str, partitions: int) -> list[int | None]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        return [await consumer.committed(TopicPartition(topic, p)) for p in range(partitions)]
    finally:
        await consumer.stop()


def a_group() -> str:
    return f"test-{uuid.uuid4().hex}"


class Handler:
    """Remembers what it handled, in order, and what it was given."""

    def __init__(self) -> None:
        self.handled: list[Record] = []

    async def __call__(self, records: Sequence[Record]) -> None:
        self.handled += records

    @property
    def places(self) -> set[Place]:
        return {(record.partition, record.offset) for record in self.handled}
