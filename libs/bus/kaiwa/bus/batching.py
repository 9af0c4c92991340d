"""How records get into aiokafka: straight into the batch of their partition, acknowledged batch by batch.

``AIOKafkaProducer.send`` costs three coroutines and a future per record, several times what writing it costs (see
``docs/decisions/0010``). Here a publish appends to the batch that waits for its partition, its own or another's, and
awaits one future per batch. This goes into aiokafka's own queue, which is private; its version is pinned.

- A batch that aiokafka has taken is never appended to, although its builder would let us until the request is built:
  it has its sequence number by then, and with one record more the broker refuses the batch after it. So only what is
  in the queue is appended to (an integration test breaks without this).
- Order: only the last batch of a partition is appended to, and aiokafka sends them one by one, first in, first out. So
  the records of one publish stay in theirs.
- ``send_batch`` would be public, but it waits while its partition has a full batch and takes all the time since its
  first try off its timeout at every further one. Eight publishers at once met its ``KafkaTimeoutError`` on a sound broker.
"""

import asyncio
import time
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder, MessageBatch

from kaiwa.bus.errors import PublishFailed, Unpublishable
from kaiwa.bus.records import Outgoing
from kaiwa.contracts.partition import of_key

Ack = asyncio.Future[object]


class Batching:
    """The way into one aiokafka producer, which must not be given records in any other."""

    def __init__(self, client: AIOKafkaProducer) -> None:
        self._client = client
        self._queue = client._message_accumulator  # noqa: SLF001 - see above; so are all below
        self.known: dict[str, int] = {}  # partitions by topic
        self._waiting = self._queue._batches  # noqa: SLF001 - (topic, partition) → batches not taken yet

    async def put(self, records: Iterable[Outgoing], topics: AbstractSet[str], *, within: float) -> set[Ack]:
        """Hand the records over, in their order; the acknowledgements to wait for, which others may wait for, too.

        ``topics`` are all of theirs. Raises KafkaError, PublishFailed for a topic that is not there, and TimeoutError where
        it takes longer than ``within`` seconds to find out: then none was taken. Unpublishable for a partition that is
        not there: then those before it were.
        """
        if unknown := topics - self.known.keys():
            await self._find(unknown, within)
        if (error := self._queue._exception) is not None:  # noqa: SLF001
            raise KafkaError("the producer has ended") from error
        now = time.time_ns() // 1_000_000
        acks: set[Ack] = set()
        builders: dict[
            tuple[str, int], BatchBuilder
        ] = {}  # of the last batch of each place: nothing waits here, so nothing takes it
        for record in records:
            place = _place(record, self.known[record.topic])
            builder = builders.get(place)
            if builder is None or not _taken(builder, record, now):
                batch = self._begin(record, place, now)
                builders[place] = batch._builder  # noqa: SLF001
                acks.add(batch.future)
        return acks

    def give_up(self) -> None:
        """Fail what waits for an acknowledgement, so that its publisher hears it now."""
        self._queue.fail_all(ProducerClosed())
        for batches in self._waiting.values():
            for batch in batches:
                batch._drain_waiter.exception()  # noqa: SLF001 - seen, or asyncio would report it

    async def partitions(self, topic: str) -> int:
        """How many a topic has, asked for once: it never changes. Raises PublishFailed where the topic is not there."""
        if (known := self.known.get(topic)) is None:
            try:
                known = self.known[topic] = len(await self._client.partitions_for(topic))
            except KafkaError as error:  # before anything was sent, so the producer is as good as it was
                raise PublishFailed(
                    f"{topic} is missing or not ours to write: run `kaiwa topics apply`"
                ) from error
        return known

    async def _find(self, topics: AbstractSet[str], within: float) -> None:
        """All at once: for one that is missing aiokafka asks as long as it may."""
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*map(self.partitions, topics))
        except TimeoutError as error:
            absent = ", ".join(sorted(topics - self.known.keys()))
            raise TimeoutError(
                f"Kafka has not told of {absent}: run `kaiwa topics apply` if it is missing"
            ) from error

    def _begin(self, record: Outgoing, place: tuple[str, int], now: int) -> MessageBatch:
        """The batch that took the record: the last of its place, or a new one behind it."""
        waiting = self._waiting.get(place)
        batch: MessageBatch
        if waiting and _taken((batch := waiting[-1])._builder, record, now):  # noqa: SLF001
            return batch
        builder = self._queue.create_builder()
        _taken(builder, record, now)  # as the first, whatever its size
        batch = self._queue._append_batch(builder, TopicPartition(*place))  # noqa: SLF001
        batch.future.add_done_callback(_seen)
        return batch


async def acknowledged(acks: set[Ack], *, within: float) -> None:
    """Wait for all of them, or for the first that fails. Others wait for them too: they must not be cancelled.

    Raises TimeoutError after ``within`` seconds. ``asyncio.wait`` would do, at three times the price, for every delivery.
    """
    if not acks:
        return
    loop = asyncio.get_running_loop()
    enough = loop.create_future()
    left = len(acks)

    def hear(ack: Ack) -> None:
        nonlocal left
        left -= 1
        if not left or ack.cancelled() or ack.exception() is not None:
            _wake(enough)

    for ack in acks:
        ack.add_done_callback(hear)
    alarm = loop.call_later(within, _wake, enough)
    try:
        await enough
    finally:
        alarm.cancel()
        for ack in acks:
            ack.remove_done_callback(hear)
    for ack in acks:
        if ack.done():
            ack.result()
    if not all(ack.done() for ack in acks):
        raise TimeoutError


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _place(record: Outgoing, partitions: int) -> tuple[str, int]:
    """Where it goes; Kafka's default partitioner has the word where the record says nothing."""
    partition = record.partition
    if partition is None:
        return record.topic, of_key(record.key, partitions)
    if not 0 <= partition < partitions:
        raise Unpublishable(f"{record.topic} has no partition {partition}")
    return record.topic, partition


def _taken(builder: BatchBuilder, record: Outgoing, now: int) -> bool:
    """False where the batch is full. ``now``: milliseconds since 1970.

    What ``builder.append`` would do, without its serializers, of which there are none, and its look at the clock: a
    third of its time.
    """
    if builder._closed:  # noqa: SLF001
        return False
    offset = builder._relative_offset  # noqa: SLF001
    if (
        builder._builder.append(offset, now, record.key, record.value, list(record.headers))  # noqa: SLF001
        is None
    ):
        builder.close()
        return False
    builder._relative_offset = offset + 1  # noqa: SLF001
    return True


def _seen(ack: Ack) -> None:
    """Nobody may be waiting for it any more, and asyncio would report its failure as never retrieved."""
    if not ack.cancelled():
        ack.exception()
