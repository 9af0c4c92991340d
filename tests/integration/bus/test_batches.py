"""The batch consumer on a real Kafka: what is committed was handled, and what failed comes again."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from batch_group import Handler, a_group, committed, fill
from conditions import eventually
from kafka_records import bare_producer, new_topic, write_header_name

from kaiwa.bus.batches import Batches
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing, Record
from kaiwa.devstack.servers import Broker
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka


class FailingHandler(Handler):
    """Raises in 20 of its first 40 batches, chosen at random."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.fails = [True] * 20 + [False] * 20
        random.Random(seed).shuffle(self.fails)

    async def __call__(self, records: Sequence[Record]) -> None:
        if self.fails and self.fails.pop():
            raise ValueError
        await super().__call__(records)


async def test_a_raising_handler_loses_nothing(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks if `again` does not seek back: the failed batches are then skipped, and later commits pass them."""
    monkeypatch.setattr("kaiwa.bus.batches._LONGEST_PAUSE", 0.05)
    topic, group, handler = await new_topic(kafka, partitions=3), a_group(), FailingHandler(seed=20)
    expected = await fill(kafka, topic, partitions=3, each=700)
    async with Batches(kafka, [topic], group=group, handle=handler, max_records=50):
        await eventually(lambda: handler.places == expected)
    assert handler.fails == []
    assert await committed(kafka, group, topic, 3) == [700, 700, 700]
    for partition in range(3):
        offsets = [record.offset for record in handler.handled if record.partition == partition]
        assert offsets == sorted(offsets)


async def test_a_commit_passes_only_what_was_handled(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks if a batch is committed, or counted as applied, before the handler returned."""
    monkeypatch.setattr("kaiwa.bus.batches._STOP", 0.1)
    topic, group, hanging = await new_topic(kafka), a_group(), asyncio.Event()
    handled = 0

    async def handle(records: Sequence[Record]) -> None:
        nonlocal handled
        if handled >= 30:
            hanging.set()
            await asyncio.Event().wait()
        handled += len(records)

    await fill(kafka, topic, partitions=1, each=100)
    async with Batches(kafka, [topic], group=group, handle=handle, max_records=10) as batches:
        await hanging.wait()
        partition = TopicPartition(topic, 0)
        assert await batches.applied() == {partition: 30}
        assert await batches.ends() == {partition: 100}
    assert await committed(kafka, group, topic, 1) == [30]


async def test_a_commit_keeps_no_batch_waiting(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks if the next batch is handled only once the offsets of the one before are with Kafka."""
    monkeypatch.setattr("kaiwa.bus.batches._COMMIT_TIMEOUT", 60.0)
    topic, group, handler, may = await new_topic(kafka), a_group(), Handler(), asyncio.Event()
    commit = AIOKafkaConsumer.commit

    async def slow(consumer: AIOKafkaConsumer, offsets: object) -> None:
        await may.wait()
        await commit(consumer, offsets)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(AIOKafkaConsumer, "commit", slow)
    await fill(kafka, topic, partitions=1, each=20)
    async with Batches(kafka, [topic], group=group, handle=handler, max_records=10):
        await eventually(lambda: len(handler.handled) == 20)
        may.set()
    assert await committed(kafka, group, topic, 1) == [20]


async def test_what_came_while_a_batch_was_in_hand_is_the_next_one(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaks if a batch ends where aiokafka stopped to fetch: with the first record that came, a batch each."""
    monkeypatch.setattr("kaiwa.bus.polling._FILL_MS", 10_000)
    topic, may, batches = await new_topic(kafka, partitions=3), asyncio.Event(), list[set[bytes | None]]()

    async def handle(records: Sequence[Record]) -> None:
        batches.append({record.value for record in records})
        await may.wait()

    async with (
        Producer(kafka, client_id="test") as producer,
        Batches(kafka, [topic], group=a_group(), handle=handle) as reading,
    ):

        async def write(partition: int, value: bytes) -> None:
            await producer.publish([Outgoing(topic, b"k", value, partition=partition)], within=20)

        await write(0, b"in hand")
        await eventually(lambda: len(batches) == 1)
        await write(1, b"fetched")
        fetcher = reading._consumer._fetcher
        assert fetcher is not None
        await eventually(lambda: bool(fetcher._records))  # else this shows nothing
        await write(2, b"not fetched")
        may.set()
        await eventually(lambda: len(batches) > 1)
    assert batches == [{b"in hand"}, {b"fetched", b"not fetched"}]


async def test_records_reach_the_handler_as_they_are(kafka: Kafka) -> None:
    topic, handler = await new_topic(kafka), Handler()
    async with bare_producer(kafka) as producer:
        await producer.send_and_wait(topic, key=None, value=b"no key")
        await producer.send_and_wait(topic, key=b"k", value=None)
        await producer.send_and_wait(topic, key=b"k", value=b"")
        await producer.send_and_wait(
            topic, key=b"\xff", value=b"\x00{", headers=[("h", b"\xff\xfe"), ("h", b"")]
        )
    async with Batches(kafka, [topic], group=a_group(), handle=handler):
        await eventually(lambda: len(handler.handled) == 4)
    assert [(record.key, record.value, record.headers) for record in handler.handled] == [
        (None, b"no key", ()),
        (b"k", None, ()),
        (b"k", b"", ()),
        (b"\xff", b"\x00{", (("h", b"\xff\xfe"), ("h", b""))),
    ]


async def test_header_names_that_are_not_utf8_cost_no_record(kafka: Kafka) -> None:
    """Breaks if partitions are polled together after such a batch: what getmany had taken from others is then lost."""
    topic, group, handler = await new_topic(kafka, partitions=3), a_group(), Handler()
    await fill(kafka, topic, partitions=3, each=30)
    await write_header_name(kafka, TopicPartition(topic, 1), b"\xff\xfe", [b"bad0", b"bad1"])
    await fill(kafka, topic, partitions=3, each=30)
    everything = {(p, n) for p in range(3) for n in range(60)} | {(1, 60), (1, 61)}
    async with Batches(kafka, [topic], group=group, handle=handler, max_records=7):
        await eventually(lambda: handler.places == everything)
    bad = [record for record in handler.handled if record.value in (b"bad0", b"bad1")]
    assert {record.offset: record.headers for record in bad} == {
        30: (("\\xff\\xfe", b"kept"),),
        31: (("\\xff\\xfe", b"kept"),),
    }
    assert await committed(kafka, group, topic, 3) == [60, 62, 60]


async def test_a_restart_of_the_broker_is_survived(kafka: Kafka, broker: Broker) -> None:
    topic, handler = await new_topic(kafka), Handler()
    async with (
        Producer(kafka, client_id="test") as producer,
        Batches(kafka, [topic], group=a_group(), handle=handler) as batches,
    ):
        await producer.publish([Outgoing(topic, b"k", b"before")], within=10)
        await eventually(lambda: len(handler.handled) == 1)
        await asyncio.to_thread(broker.stop, kill=True)
        await asyncio.to_thread(broker.start)
        await producer.publish([Outgoing(topic, b"k", b"after")], within=20)
        await eventually(lambda: b"after" in [record.value for record in handler.handled])
        assert batches.stuck() is None


async def test_a_hanging_handler_is_stuck_and_a_failing_one_is_not(kafka: Kafka) -> None:
    topic = await new_topic(kafka)
    await fill(kafka, topic, partitions=1, each=1)
    calls = 0

    async def hang(_: Sequence[Record]) -> None:
        await asyncio.Event().wait()

    async def fail(_: Sequence[Record]) -> None:
        nonlocal calls
        calls += 1
        raise ValueError

    hanging = Batches(kafka, [topic], group=a_group(), handle=hang, patience=0.5)
    await hanging.start()
    await eventually(lambda: hanging.stuck() is not None)
    hanging._tasks[0].cancel()  # it would wait for the batch in hand
    await hanging.stop()
    async with Batches(kafka, [topic], group=a_group(), handle=fail, patience=2) as failing:
        await eventually(lambda: calls >= 5)
        assert failing.stuck() is None


async def test_what_is_missing_is_named(kafka: Kafka) -> None:
    batches = Batches(kafka, ["test.absent"], group=a_group(), handle=Handler())
    with pytest.raises(DependencyError, match=r"no topic test\.absent: run `kaiwa topics apply`"):
        await batches.start()
    nowhere = Kafka(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(DependencyError, match="does not answer"):
        await Batches(nowhere, ["test.absent"], group=a_group(), handle=Handler()).start()
