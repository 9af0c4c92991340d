"""The producer on a real Kafka: acknowledged is written, one deadline holds, and it heals itself."""

import asyncio
import gc
import os
import time
from collections.abc import Iterator

import pytest
from conditions import eventually
from kafka_records import new_topic, records

from kaiwa.bus.errors import PublishFailed, Unavailable, Unpublishable
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts.partition import of_key
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.servers import Broker
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka


async def test_records_arrive_in_order_where_they_belong(kafka: Kafka) -> None:
    topic = await new_topic(kafka, partitions=3)
    keys = [b"key-%d" % n for n in range(300)]
    async with Producer(kafka, client_id="test") as producer:
        assert await producer.partitions(topic, within=5) == 3
        await producer.publish([Outgoing(topic, key, b"free", (("h", b"1"),)) for key in keys], within=10)
        await producer.publish([Outgoing(topic, key, None, partition=2) for key in keys], within=10)
    found = await records(kafka, topic)
    free = [record for record in found if record.value is not None]
    assert all(record.partition == of_key(record.key or b"", 3) for record in free)
    assert all(record.headers == (("h", b"1"),) for record in free)
    assert [record.key for record in found if record.value is None] == keys
    for partition in range(3):
        wanted = [key for key in keys if of_key(key, 3) == partition]
        assert [record.key for record in free if record.partition == partition] == wanted


async def test_publishes_that_share_batches_keep_their_order_and_their_producer(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    """Breaks if a record is appended to a batch that aiokafka has taken but not built yet: the broker would count one
    record more than the sequence number has moved by, and refuse the next batch of the partition.
    """
    topic = await new_topic(kafka, partitions=2)

    async def client(name: int) -> None:
        key = b"%d" % name
        for n in range(50):
            for _ in range((name + n) % 8):  # else all would come at once, with their acknowledgement
                await asyncio.sleep(0)
            await producer.publish([Outgoing(topic, key, b"%d" % m) for m in (2 * n, 2 * n + 1)], within=20)

    async with Producer(kafka, client_id="test") as producer:
        await asyncio.gather(*(client(name) for name in range(32)))
    found = await records(kafka, topic)
    for name in range(32):
        assert [record.value for record in found if record.key == b"%d" % name] == [
            b"%d" % m for m in range(100)
        ]
    assert "OutOfOrderSequence" not in caplog.text
    assert "DuplicateSequence" not in caplog.text


async def test_more_than_one_batch_holds_stays_in_order(kafka: Kafka) -> None:
    """Breaks if a full batch is passed by the record after it."""
    topic = await new_topic(kafka)
    values = [b"%06d" % n + os.urandom(n % 7 * 10_000) for n in range(60)]
    async with Producer(kafka, client_id="test") as producer:
        await asyncio.gather(
            *(producer.publish([Outgoing(topic, key, v) for v in values], within=20) for key in (b"a", b"b"))
        )
    found = await records(kafka, topic)
    for key in (b"a", b"b"):
        assert [record.value for record in found if record.key == key] == values


async def test_records_made_as_they_are_taken(kafka: Kafka) -> None:
    """Breaks if one is lost or passed by another."""
    topic = await new_topic(kafka, partitions=2)
    made = (Outgoing(topic, b"k", b"%d" % number, partition=number % 2) for number in range(1_000))
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish_made(made, {topic}, within=20)
    found = await records(kafka, topic)
    for partition in range(2):
        wanted = [b"%d" % number for number in range(partition, 1_000, 2)]
        assert [record.value for record in found if record.partition == partition] == wanted


async def test_none_is_made_while_one_of_their_topics_is_not_there(kafka: Kafka) -> None:
    """Breaks if some are written, or if whoever reads the error is not told which topic it is, and what to do."""
    topic, made = await new_topic(kafka), list[int]()

    def numbered() -> Iterator[Outgoing]:
        made.append(1)
        yield Outgoing(topic, b"k", b"1")

    async with Producer(kafka, client_id="test") as producer:
        with pytest.raises(PublishFailed, match="told of nowhere: run `kaiwa topics apply`"):
            await producer.publish_made(numbered(), {topic, "nowhere"}, within=0.5)
    assert not made


async def test_a_record_of_the_largest_size_passes(kafka: Kafka) -> None:
    topic, value = await new_topic(kafka), os.urandom(8 * 1024 * 1024)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"k", b"small"), Outgoing(topic, b"k", value)], within=20)
    assert [record.value == value for record in await records(kafka, topic)] == [False, True]


async def test_a_partition_that_is_not_there_is_refused(kafka: Kafka) -> None:
    topic = await new_topic(kafka)
    async with Producer(kafka, client_id="test") as producer:
        with pytest.raises(Unpublishable, match="no partition 1"):
            await producer.publish([Outgoing(topic, b"k", b"v", partition=1)], within=10)
        await producer.publish([Outgoing(topic, b"k", b"v")], within=10)


async def test_a_refused_record_does_not_kill_the_producer(kafka: Kafka) -> None:
    """Breaks if the producer is not replaced: the gap in the sequence has every later record refused."""
    topic = await new_topic(kafka, settings={"max.message.bytes": "1000"})
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"k", b"one")], within=10)
        with pytest.raises(PublishFailed):
            await producer.publish([Outgoing(topic, b"k", os.urandom(5000))], within=10)
        await eventually(lambda: producer.connected)
        await producer.publish([Outgoing(topic, b"k", b"two")], within=10)
    assert [record.value for record in await records(kafka, topic)] == [b"one", b"two"]


async def test_one_deadline_holds_while_the_broker_is_frozen(kafka: Kafka, broker: Broker) -> None:
    """Breaks without the timeout around the whole call: an idempotent producer waits for ever.

    What missed the deadline may be written all the same; what is published afterwards is.
    """
    topic = await new_topic(kafka)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"k", b"before")], within=10)
        await asyncio.to_thread(broker.pause)
        try:
            started = time.monotonic()
            with pytest.raises(PublishFailed):
                await producer.publish([Outgoing(topic, b"k", b"perhaps")] * 3, within=0.5)
            assert time.monotonic() - started < 5
        finally:
            await asyncio.to_thread(broker.resume)
        await producer.publish([Outgoing(topic, b"k", b"after")], within=20)
    values = [record.value for record in await records(kafka, topic)]
    assert (values[0], values[-1]) == (b"before", b"after")
    assert set(values) <= {b"before", b"perhaps", b"after"}


async def test_it_notices_that_kafka_is_away_and_comes_back_alone(
    kafka: Kafka, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    topic = await new_topic(kafka)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish([Outgoing(topic, b"k", b"before")], within=10)
        await asyncio.to_thread(broker.stop, kill=True)
        try:
            for _ in range(3):
                with pytest.raises(PublishFailed):
                    await producer.publish([Outgoing(topic, b"k", b"perhaps")], within=0.2)
            assert not producer.connected
            started = time.monotonic()
            with pytest.raises(Unavailable):
                await producer.publish([Outgoing(topic, b"k", b"never")], within=5)
            assert time.monotonic() - started < 4, "at once, and not at the deadline"
        finally:
            await asyncio.to_thread(broker.start)
        await eventually(lambda: producer.connected)
        await producer.publish([Outgoing(topic, b"k", b"after")], within=20)
    values = [record.value for record in await records(kafka, topic)]
    assert values[-1] == b"after"
    assert b"never" not in values
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_without_kafka_at_boot_it_waits_in_the_background(kafka: Kafka, broker: Broker) -> None:
    topic = await new_topic(kafka)
    await asyncio.to_thread(broker.stop)
    producer = Producer(kafka, client_id="test")
    try:
        with pytest.raises(DependencyError, match="KAIWA_KAFKA__BOOTSTRAP_SERVERS"):
            await producer.start()
        producer.start_in_background()
        with pytest.raises(Unavailable):
            await producer.publish([Outgoing(topic, b"k", b"v")], within=5)
    finally:
        await asyncio.to_thread(broker.start)
    await eventually(lambda: producer.connected)
    await producer.publish([Outgoing(topic, b"k", b"v")], within=20)
    await producer.stop()
    assert len(await records(kafka, topic)) == 1


async def test_it_is_stuck_only_when_it_has_given_up_looking_for_kafka() -> None:
    """Breaks if liveness blames it for a Kafka that is away, or trusts one that will never come back."""
    producer = Producer(Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}"), client_id="test")
    assert producer.stuck() is None
    producer.start_in_background()
    assert producer.stuck() is None
    assert producer._connecting is not None
    producer._connecting.cancel()
    await asyncio.wait([producer._connecting])
    assert producer.stuck() == "the producer has no connection and looks for none"


async def test_a_stop_does_not_wait_for_a_kafka_that_is_away(kafka: Kafka, broker: Broker) -> None:
    topic = await new_topic(kafka)
    producer = Producer(kafka, client_id="test")
    await producer.start()
    await producer.publish([Outgoing(topic, b"k", b"v")], within=10)
    await asyncio.to_thread(broker.stop, kill=True)
    try:
        with pytest.raises(PublishFailed):
            await producer.publish([Outgoing(topic, b"k", b"perhaps")], within=0.2)
        async with asyncio.timeout(15):
            await producer.stop()
    finally:
        await asyncio.to_thread(broker.start)
