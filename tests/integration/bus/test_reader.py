"""Reading without a group on a real Kafka."""

import asyncio

import pytest
from aiokafka import TopicPartition
from conditions import eventually
from kafka_records import new_topic, records, write_header_name

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import TableView, read
from kaiwa.bus.records import Outgoing, Record, is_tombstone
from kaiwa.devstack.servers import Broker
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka


async def test_it_reads_to_the_end_and_stops(kafka: Kafka) -> None:
    topic = await new_topic(kafka, partitions=2)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish(
            [Outgoing(topic, b"k", b"%d" % n, partition=1) for n in range(1200)], within=10
        )
    assert [record.value for record in await records(kafka, topic)] == [b"%d" % n for n in range(1200)]


async def test_it_reads_chosen_partitions_from_chosen_offsets(kafka: Kafka) -> None:
    topic = await new_topic(kafka, partitions=3)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish(
            [Outgoing(topic, b"k", b"v", partition=p) for p in range(3) for _ in range(5)], within=10
        )
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    found = [r async for r in read(kafka, client_id="test", partitions=[first, second], start={second: 3})]
    assert sorted((r.partition, r.offset) for r in found) == [(0, n) for n in range(5)] + [(1, 3), (1, 4)]


async def test_it_reads_what_aiokafka_cannot_decode(kafka: Kafka) -> None:
    topic = await new_topic(kafka)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"k", b"before")], within=10)
        await write_header_name(kafka, TopicPartition(topic, 0), b"\xff\xfe", [b"bad"])
        await producer.publish([Outgoing(topic, b"k", b"after")], within=10)
    assert [record.value for record in await records(kafka, topic)] == [b"before", b"bad", b"after"]


async def test_an_empty_topic_has_no_records(kafka: Kafka) -> None:
    assert await records(kafka, await new_topic(kafka)) == []


async def test_what_is_missing_is_named(kafka: Kafka) -> None:
    with pytest.raises(DependencyError, match=r"no topic test\.absent"):
        await records(kafka, "test.absent")
    with pytest.raises(DependencyError, match="does not answer"):
        await records(Kafka(bootstrap_servers="127.0.0.1:1"), "test.absent")


async def test_a_table_is_complete_and_then_follows(kafka: Kafka) -> None:
    topic = await new_topic(kafka, partitions=2)
    table: dict[bytes | None, bytes | None] = {}

    def apply(record: Record) -> None:
        if is_tombstone(record):
            table.pop(record.key, None)
        else:
            table[record.key] = record.value

    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"a", b"1"), Outgoing(topic, b"b", b"1")], within=10)
        view = TableView(kafka, topic, apply, client_id="test")
        following = asyncio.create_task(view.follow())
        await asyncio.wait_for(view.complete.wait(), 20)
        assert table == {b"a": b"1", b"b": b"1"}
        await producer.publish([Outgoing(topic, b"a", b"2"), Outgoing(topic, b"b", None)], within=10)
        await eventually(lambda: table == {b"a": b"2"})
    following.cancel()


async def test_a_table_waits_for_kafka(kafka: Kafka, broker: Broker) -> None:
    topic, seen = await new_topic(kafka), list[Record]()
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"a", b"1")], within=10)
    await asyncio.to_thread(broker.stop)
    view = TableView(kafka, topic, seen.append, client_id="test")
    following = asyncio.create_task(view.follow())
    await asyncio.to_thread(broker.start)
    await asyncio.wait_for(view.complete.wait(), 30)
    assert [record.value for record in seen] == [b"1"]
    following.cancel()
