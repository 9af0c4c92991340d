"""Polling that loses nothing when a record cannot be decoded.

aiokafka 0.14 decodes lazily, while it takes records of one partition after the other. A record whose header *name* is
not UTF-8 makes ``getmany`` raise (UnicodeDecodeError, no KafkaError) after the partitions before it were taken and
their positions moved: those records are never returned, and later commits would pass them. FastStream polls the same
way. So after a poll that raised, every partition goes back to what is handled and is polled alone, where none can take
another's records down, and a batch that raises alone is read from its raw bytes. Once everything that was there is
passed, all are polled together again.

Nor does it ask for more while it holds what nobody has taken yet (100 ms long, whatever the partition): what it fetched
while a batch was in hand ends with the first record that came then. So a poll that finds something there at once is not
all there is, and ``fill`` takes the rest (docs/decisions/0042).
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from kaiwa.bus.records import Record
from kaiwa.bus.salvage import take
from kaiwa.runtime import logs

Offsets = Mapping[TopicPartition, int]

_WAIT_MS: Final = 200
_FILL_MS: Final = 5
_RESTORE_TIMEOUT: Final = 10.0  # seconds

_log = logs.get_logger()


class Poller:
    """Takes records from a consumer, one batch at a time, and knows from where they would have to come again."""

    def __init__(self, consumer: AIOKafkaConsumer, *, max_records: int) -> None:
        self._consumer = consumer
        self._max_records = max_records
        self._in_hand: dict[TopicPartition, list[Record]] = {}
        self._handled: dict[TopicPartition, int] = {}
        self._lost_track = False
        self._alone_until: Offsets = {}
        self._more = False

    async def poll(self) -> bool:
        """Wait for a batch; whether there is one, to be followed by ``fill``. After an exception call it again."""
        with self._keeping_track():
            self._more = False
            if self._lost_track:
                await self._restore()
            if self._alone_until:
                await self._poll_each()
            else:
                # No await since the positions moved: `applied` never sees a gap.
                self._in_hand = await self._take_all(0, self._max_records)
                self._more = bool(self._in_hand)
                if not self._in_hand:
                    self._in_hand = await self._take_all(_WAIT_MS, self._max_records)
        return bool(self._in_hand)

    async def fill(self) -> list[Record]:
        """The batch, with what else was there already; to be followed by ``done`` or ``again``. After an exception poll."""
        room = self._max_records - sum(map(len, self._in_hand.values()))
        if self._more and room > 0:
            with self._keeping_track():
                for partition, records in (await self._take_all(_FILL_MS, room)).items():
                    self._in_hand.setdefault(partition, []).extend(records)
        return [record for records in self._in_hand.values() for record in records]

    async def _take_all(self, wait_ms: int, most: int) -> dict[TopicPartition, list[Record]]:
        found: dict[TopicPartition, list[Record]] = await self._consumer.getmany(
            timeout_ms=wait_ms, max_records=most
        )
        return found

    @contextlib.contextmanager
    def _keeping_track(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._in_hand = {}
            self._lost_track = True
            raise

    def done(self) -> Offsets:
        """The batch is handled. Returns what to commit: the offset after it, for each partition that is still ours."""
        offsets = {partition: records[-1].offset + 1 for partition, records in self._in_hand.items()}
        self._handled |= offsets
        self._in_hand = {}
        ours = self._consumer.assignment()
        return {partition: offset for partition, offset in offsets.items() if partition in ours}

    def again(self) -> None:
        """The batch failed: let it come again."""
        self._rewind({partition: records[0].offset for partition, records in self._in_hand.items()})
        self._in_hand = {}

    def forget(self) -> None:
        """The assignment changes: from now on the committed offsets say where partitions begin."""
        self._handled.clear()

    async def applied(self, partition: TopicPartition) -> int:
        """The offset below which every record is handled."""
        position: int = await self._consumer.position(partition)
        if self._lost_track:  # the position may have passed records that were never returned
            return self._handled.get(partition, 0)
        in_hand = self._in_hand.get(partition)
        return in_hand[0].offset if in_hand else position

    def _rewind(self, offsets: Offsets) -> None:
        for partition, offset in offsets.items():
            with contextlib.suppress(IllegalStateError):  # moved away: its new owner starts at the commit
                self._consumer.seek(partition, offset)

    async def _restore(self) -> None:
        """Every partition back to what is handled, or committed, or its beginning; from there each alone."""
        async with asyncio.timeout(_RESTORE_TIMEOUT):
            partitions = self._consumer.assignment()
            self._rewind(self._handled)
            for partition in partitions - self._handled.keys():
                committed = await self._consumer.committed(partition)
                if committed is None:
                    await self._consumer.seek_to_beginning(partition)
                else:
                    self._rewind({partition: committed})
            self._alone_until = await self._consumer.end_offsets(list(partitions))
        self._lost_track = False

    async def _poll_each(self) -> None:
        """Poll partition by partition, until all that was there when decoding failed is passed."""
        behind = False
        for partition in self._consumer.assignment():
            if records := await self._take(partition):
                self._in_hand[partition] = records
            behind |= await self._consumer.position(partition) < self._alone_until.get(partition, 0)
        if not behind:
            self._alone_until = {}
        if not self._in_hand:
            await asyncio.sleep(_WAIT_MS / 1000)

    async def _take(self, partition: TopicPartition) -> list[Record]:
        """Records of one partition; none if they cannot be read."""
        try:
            return await take(self._consumer, partition, max_records=self._max_records)
        except Exception as error:  # noqa: BLE001 - the others are served, whatever is wrong with this one
            place = {"topic": partition.topic, "partition": partition.partition}
            _log.error("partition_unreadable", **place, exc_info=error)
            return []
