"""Reading without a group: once from beginning to end, or as a table that keeps following its topic."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import CommitFailedError, KafkaError, UnknownMemberIdError

from kaiwa.bus.clients import consuming, reading
from kaiwa.bus.errors import away, missing
from kaiwa.bus.records import Record
from kaiwa.bus.salvage import take
from kaiwa.runtime import logs
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka

_WAIT_MS: Final = 200
_CONNECT_TIMEOUT: Final = 10.0  # seconds
_RETRY: Final = 0.2  # seconds before Kafka's layout is asked for again
_IDLE: Final = 0.05  # seconds between looks at a table that is up to date
_PAUSE: Final = 1.0  # seconds before a table's reader, or the commit for a group, tries again
_PATIENCE: Final = 15.0  # seconds beyond a session's length in which Kafka notices that a member is gone

_log = logs.get_logger()

Offsets = Mapping[TopicPartition, int]


async def read(
    kafka: Kafka,
    topics: Collection[str] = (),
    *,
    client_id: str,
    partitions: Collection[TopicPartition] = (),
    start: Offsets | None = None,
    until: Offsets | None = None,
) -> AsyncIterator[Record]:
    """Every record that is there now, one by one; see ``pages``."""
    found = pages(kafka, topics, client_id=client_id, partitions=partitions, start=start, until=until)
    async with aclosing(found):
        async for page in found:
            for record in page:
                yield record


async def pages(
    kafka: Kafka,
    topics: Collection[str] = (),
    *,
    client_id: str,
    partitions: Collection[TopicPartition] = (),
    start: Offsets | None = None,
    until: Offsets | None = None,
) -> AsyncGenerator[list[Record], None]:
    """Every record that is there now, tombstones and heartbeats too, of the topics or else of the partitions: from the
    beginning, or from the offsets in ``start``, to the ends as they are at the call, or below the offsets in ``until``.

    A page holds records of one partition, in their order; one partition follows the other. Raises DependencyError where
    Kafka or a topic is not there.
    """
    async with connected(kafka, client_id) as consumer:
        chosen = list(partitions) or await partitions_of(consumer, topics)
        consumer.assign(chosen)
        ends = await consumer.end_offsets(chosen)
        ends |= {partition: min(offset, ends[partition]) for partition, offset in (until or {}).items()}
        await consumer.seek_to_beginning(*chosen)
        for partition, offset in (start or {}).items():
            consumer.seek(partition, offset)
        consumer.pause(*chosen)
        for partition in chosen:
            consumer.resume(partition)
            while await consumer.position(partition) < ends[partition]:
                page = await take(consumer, partition, wait_ms=_WAIT_MS)
                if page and page[-1].offset >= ends[partition]:
                    page = [record for record in page if record.offset < ends[partition]]
                if page:
                    yield page
            consumer.pause(partition)


async def newest(kafka: Kafka, topic: str, *, most: int, client_id: str) -> list[Record]:
    """The newest records of a topic: so many of each of its partitions."""
    async with connected(kafka, client_id) as consumer:
        partitions = await partitions_of(consumer, [topic])
        first = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
    start = {partition: max(first[partition], ends[partition] - most) for partition in partitions}
    return [record async for record in read(kafka, [topic], client_id=client_id, start=start, until=ends)]


async def offsets_since(
    kafka: Kafka, topics: Collection[str], moment: datetime, *, client_id: str
) -> dict[TopicPartition, int]:
    """Where the records of this moment and later begin, by Kafka's own times; the end where there are none."""
    async with connected(kafka, client_id) as consumer:
        partitions = await partitions_of(consumer, topics)
        ends = await consumer.end_offsets(partitions)
        at = round(moment.timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, at))
    return {
        partition: ends[partition] if known is None else known.offset for partition, known in found.items()
    }


async def rewind(kafka: Kafka, group: str, offsets: Offsets, *, client_id: str) -> None:
    """Let a group that has no members go on from these offsets.

    A member that was killed counts for the length of its session, which is waited for; DependencyError after that.
    """
    consumer = AIOKafkaConsumer(**consuming(kafka, client_id=client_id, group=group))
    deadline = time.monotonic() + kafka.session_timeout + _PATIENCE
    try:
        await consumer.start()
        consumer.assign(list(offsets))
        while True:
            try:
                await consumer.commit(dict(offsets))
            except (CommitFailedError, UnknownMemberIdError) as error:
                if time.monotonic() > deadline:
                    raise DependencyError(
                        f"the group {group} is at work: stop its processes first"
                    ) from error
                await asyncio.sleep(_PAUSE)
            else:
                return
    except (KafkaError, OSError, TimeoutError) as error:
        raise away(kafka) from error
    finally:
        await consumer.stop()


class TableView:
    """A compacted topic as a table in memory: ``apply`` sees each record from the beginning, then as they come.

    Run ``follow`` as a background loop; it connects, and connects again, for as long as it runs. ``complete`` is set
    once everything that was there at the first connection has been applied. An exception of ``apply`` ends ``follow``.
    """

    def __init__(self, kafka: Kafka, topic: str, apply: Callable[[Record], None], *, client_id: str) -> None:
        self._kafka, self._topic, self._apply, self._client_id = kafka, topic, apply, client_id
        self.complete = asyncio.Event()

    async def follow(self) -> None:
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError, TimeoutError, DependencyError) as error:
                _log.warning("table_interrupted", topic=self._topic, exc_info=error)
                await asyncio.sleep(_PAUSE)

    async def _follow(self) -> None:
        async with connected(self._kafka, self._client_id) as consumer:
            partitions = await partitions_of(consumer, [self._topic])
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while True:
                if not self.complete.is_set() and await _reached(consumer, ends):
                    self.complete.set()
                taken = [record for partition in partitions for record in await take(consumer, partition)]
                for record in taken:
                    self._apply(record)
                if not taken:
                    await asyncio.sleep(_IDLE)


async def _reached(consumer: AIOKafkaConsumer, ends: Offsets) -> bool:
    return all([await consumer.position(partition) >= end for partition, end in ends.items()])


async def partitions_of(consumer: AIOKafkaConsumer, topics: Collection[str]) -> list[TopicPartition]:
    """Every partition of these topics. Raises DependencyError where one of them is not there, or no broker."""
    known = await _layout(consumer)
    found = {topic: known.partitions_for_topic(topic) or set() for topic in topics}
    if absent := [topic for topic in topics if not found[topic]]:
        raise missing(absent)
    return [TopicPartition(topic, number) for topic, numbers in found.items() for number in sorted(numbers)]


async def _layout(consumer: AIOKafkaConsumer) -> ClusterMetadata:
    """Of all topics. A broker that was away for longer than its session answers before it counts among the brokers
    again, and aiokafka then calls the answer an error.
    """
    deadline = time.monotonic() + _CONNECT_TIMEOUT
    while True:
        try:
            # Subscribing would wait for a topic that is missing.
            known: ClusterMetadata = await consumer._client.fetch_all_metadata()  # noqa: SLF001
        except KafkaError as error:
            if time.monotonic() > deadline:
                raise DependencyError("no broker of Kafka answers as being up: look at their logs") from error
            await asyncio.sleep(_RETRY)
        else:
            return known


@asynccontextmanager
async def connected(kafka: Kafka, client_id: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**reading(kafka, client_id=client_id))
    try:
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(kafka) from error
        yield consumer
    finally:
        await consumer.stop()
