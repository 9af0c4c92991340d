"""Topics for one test, what is in them, and records that ordinary clients do not write."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.record.util import calc_crc32c

from kaiwa.bus.cluster import cluster
from kaiwa.bus.reader import read
from kaiwa.bus.records import Record
from kaiwa.bus.topics import Create, Wanted
from kaiwa.contracts.topics import MAX_RECORD_BYTES, Topic
from kaiwa.runtime.settings import Kafka

_CRC_AT, _CRC_OVER = 17, 21  # where Kafka's record batch keeps its checksum, and where what it covers begins


async def new_topic(kafka: Kafka, *, partitions: int = 1, settings: Mapping[str, str] | None = None) -> str:
    """A topic of its own name, led and ready."""
    name = f"test.{uuid.uuid4().hex}"
    chosen = {"max.message.bytes": str(MAX_RECORD_BYTES), **(settings or {})}
    async with cluster(kafka) as found:
        await found.apply([Create(Wanted(Topic(name, "delete"), partitions, 1, chosen))])
        await found.ready({name: chosen})
    return name


async def records(kafka: Kafka, topic: str) -> list[Record]:
    return [record async for record in read(kafka, [topic], client_id="test")]


@asynccontextmanager
async def bare_producer(kafka: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    """aiokafka without our care, to write what ours refuses."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write_header_name(
    kafka: Kafka, partition: TopicPartition, name: bytes, values: list[bytes]
) -> None:
    """One batch of records whose header name is these two bytes, which need not be UTF-8."""
    async with bare_producer(kafka) as producer:
        batch = producer.create_batch()
        for value in values:
            batch.append(key=b"key", value=value, timestamp=None, headers=[("QZ", b"kept")])
        batch.close()
        raw = bytearray(bytes(batch._build()).replace(b"QZ", name))
        raw[_CRC_AT:_CRC_OVER] = calc_crc32c(bytes(raw[_CRC_OVER:])).to_bytes(4)
        batch._buffer = raw
        await (await producer.send_batch(batch, partition.topic, partition=partition.partition))
