"""Following the end of a topic for many readers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from conditions import eventually
from kafka_records import new_topic

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.bus.tail import Tail
from kaiwa.runtime.settings import Kafka


@asynccontextmanager
async def following(tail: Tail) -> AsyncIterator[Tail]:
    task = asyncio.create_task(tail.follow())
    try:
        await eventually(lambda: bool(tail.ends))
        yield tail
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def said(*words: str, topic: str, partition: int = 0) -> list[Outgoing]:
    return [Outgoing(topic, b"key", word.encode(), partition=partition) for word in words]


def values(tail: Tail, places: dict[int, int]) -> list[bytes | None]:
    return [record.value for record in tail.since(places)]


async def test_what_comes_is_had_from_any_place_on(kafka: Kafka) -> None:
    """Broken by: reading what was there before, a place that is off by one, or another partition's place."""
    topic = await new_topic(kafka, partitions=2)
    async with Producer(kafka, client_id="test") as producer:
        await producer.publish(said("before", topic=topic), within=10)
        async with following(Tail(kafka, topic, most=10, client_id="test")) as tail:
            begins = dict(tail.ends)
            await producer.publish(said("a", "b", "c", topic=topic), within=10)
            await producer.publish(said("other", topic=topic, partition=1), within=10)
            await eventually(lambda: len(tail.since(begins)) == 4)
            assert values(tail, begins) == [b"a", b"b", b"c", b"other"]
            assert values(tail, {0: begins[0] + 1}) == [b"b", b"c"]
            assert values(tail, tail.ends) == []


async def test_only_the_newest_are_kept_and_it_says_from_where(kafka: Kafka) -> None:
    """Broken by: forgetting without saying so: a reader would miss what was forgotten."""
    topic = await new_topic(kafka, partitions=2)
    async with (
        Producer(kafka, client_id="test") as producer,
        following(Tail(kafka, topic, most=2, client_id="test")) as tail,
    ):
        begins = dict(tail.ends)
        await producer.publish(said("a", "b", "c", topic=topic), within=10)
        await eventually(lambda: tail.ends[0] == begins[0] + 3)
        assert values(tail, {0: tail.begins[0]}) == [b"b", b"c"]
        assert tail.begins[0] == begins[0] + 1


async def test_news_wakes_who_waits(kafka: Kafka) -> None:
    topic = await new_topic(kafka, partitions=2)
    async with (
        Producer(kafka, client_id="test") as producer,
        following(Tail(kafka, topic, most=2, client_id="test")) as tail,
    ):
        waiting = asyncio.create_task(tail.news(within=60))
        await asyncio.sleep(0)
        await producer.publish(said("a", topic=topic), within=10)
        await asyncio.wait_for(waiting, 10)
        await tail.news(within=0.01)
