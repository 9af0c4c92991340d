"""The one way in from Kafka: batches of raw records, handled, then committed; a batch that fails comes again.

Invariants, each with an integration test that breaks without it:

1. An offset is committed only after ``handle`` returned for the record before it, and for all below in its partition.
2. Whatever stops a batch (``handle`` raised, the poll failed half-way), its partitions go back to the lowest offset
   that is not handled. So every record is handled at least once, and the handler dedupes by id.
3. A commit that comes too late, for a partition that has moved, is no failure: its new owner reads the records again.

Why aiokafka beneath and not FastStream's batch subscriber: that one polls where nobody can stand behind it. What a
failed poll had taken is lost (see ``polling``), and how far we are is unknown between its poll and the handler.
Poison is the handler's to recognise and to keep in quarantine; raising would bring it back for ever.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from kaiwa.bus import tracing
from kaiwa.bus.clients import consuming
from kaiwa.bus.errors import away, missing
from kaiwa.bus.leaving import leave
from kaiwa.bus.polling import Offsets, Poller
from kaiwa.bus.progress import Progress
from kaiwa.bus.records import Record
from kaiwa.runtime import logs, metrics
from kaiwa.runtime.settings import Kafka

Handle = Callable[[Sequence[Record]], Awaitable[None]]
Moved = Callable[[Collection[TopicPartition]], Awaitable[None]]

_CONNECT_TIMEOUT: Final = 10.0  # seconds; so are all below
_COMMIT_TIMEOUT: Final = 10.0
_DRAIN: Final = 5.0  # what a rebalance waits for the batch in hand
_STOP: Final = 10.0  # what a stop waits for the batch in hand
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_PATIENCE: Final = 120.0  # without progress, although Kafka answers, before the consumer counts as stuck

_log = logs.get_logger()


async def _ignore(_: Collection[TopicPartition]) -> None: ...


class Batches:
    """One member of a consumer group. ``handle`` gets up to ``max_records`` records of any of the topics, those of a
    partition in their order; when it returns they are done. It may see records again, and offsets go back.

    ``on_assigned`` and ``on_revoked`` are told of partitions that come and go, the latter once the batch in hand is
    done (or 5 s have passed).
    """

    def __init__(
        self,
        kafka: Kafka,
        topics: Collection[str],
        *,
        group: str,
        handle: Handle,
        max_records: int = 500,
        on_assigned: Moved = _ignore,
        on_revoked: Moved = _ignore,
        patience: float = _PATIENCE,
    ) -> None:
        self._kafka = kafka
        self._topics = list(topics)
        self._group = group
        self._handle = handle
        self._max_records = max_records
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._progress = Progress(patience=patience, now=time.monotonic())
        self._idle, self._stopping = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._committing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and start to read. Raises DependencyError where Kafka or a topic is not there."""
        self._consumer = AIOKafkaConsumer(**consuming(self._kafka, client_id=self._group, group=self._group))
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await self._consumer.start()
                absent = set(self._topics) - await self._consumer.topics()
        except (KafkaError, OSError, TimeoutError) as error:
            await self._consumer.stop()
            raise away(self._kafka) from error
        if absent:
            await self._consumer.stop()
            raise missing(absent)
        self._poller = Poller(self._consumer, max_records=self._max_records)
        self._consumer.subscribe(self._topics, listener=_Listener(self))
        self._tasks = [
            asyncio.create_task(self._run(), name=f"bus.batches.{self._group}"),
            asyncio.create_task(self._watch(), name=f"bus.watch.{self._group}"),
        ]

    async def stop(self) -> None:
        """Finish and commit the batch in hand, then leave the group."""
        self._stopping.set()
        run, watch = self._tasks
        watch.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP):
                await self._settled()
        run.cancel()  # from a poll, which waits for an assignment as long as there is none, too
        await asyncio.wait([run, watch])
        await leave(self._consumer, self._group)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        return frozenset(self._consumer.assignment())

    async def ends(self) -> dict[TopicPartition, int]:
        """The end offset of each assigned partition, asked of Kafka now. Raises KafkaError where it is away."""
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(list(self.assigned))
        return found

    async def applied(self) -> dict[TopicPartition, int]:
        """Per assigned partition the offset below which every record is handled.

        It passes what compaction removed, so it reaches the end also where the last offsets hold no records.
        """
        found = {}
        for partition in self.assigned:
            with contextlib.suppress(KafkaError):  # it moved away while we asked
                found[partition] = await self._poller.applied(partition)
        return found

    def stuck(self) -> str | None:
        """Why a restart is the better bet, for liveness; None while all is well or Kafka is away."""
        if any(task.done() for task in self._tasks) and not self._stopping.is_set():
            return "a loop of the consumer has ended"
        return self._progress.stuck(time.monotonic())

    # ── the loop ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            if await self._turn():
                failures = 0
            else:
                failures += 1
                metrics.REWINDS.labels(self._group).inc()
                await self._pause(failures)

    async def _turn(self) -> bool:
        """One poll and what it brought; False if that has to come again."""
        try:
            found = await self._poller.poll()
            if self._stopping.is_set():
                return True  # what came meanwhile is for whoever reads next
            self._idle.clear()  # from here on a rebalance waits
            records = await self._poller.fill() if found else []
        except Exception as error:  # noqa: BLE001 - aiokafka also raises what decoding raised
            self._idle.set()
            _log.error("poll_failed", group=self._group, exc_info=error)
            return False
        try:
            return await self._work(records) if records else True
        finally:
            self._idle.set()
            self._progress.turned(time.monotonic())

    async def _work(self, records: Sequence[Record]) -> bool:
        try:
            with tracing.processing(self._group, records):
                await self._handle(records)
        except Exception as error:  # noqa: BLE001 - whatever it is, the records must come again
            _log.error("batch_failed", group=self._group, records=len(records), exc_info=error)
            self._poller.again()
            self._progress.failed(time.monotonic())
            return False
        if done := self._poller.done():
            await self._committed()  # the one before: they keep their order, and nobody else waits for them
            self._committing = asyncio.create_task(self._commit(done), name=f"bus.commit.{self._group}")
        metrics.BATCHES.labels(self._group).inc()
        metrics.RECORDS.labels(self._group).inc(len(records))
        return True

    async def _settled(self) -> None:
        await self._idle.wait()
        await self._committed()

    async def _committed(self) -> None:
        if self._committing is not None:
            await asyncio.wait([self._committing])

    async def _commit(self, offsets: Offsets) -> None:
        """Exactly these. A failure costs a replay, which the handler absorbs, and the next commit covers it."""
        try:
            async with asyncio.timeout(_COMMIT_TIMEOUT):
                await self._consumer.commit(dict(offsets))
        except Exception as error:  # noqa: BLE001 - whatever it is, the records may come again
            _log.warning("commit_failed", group=self._group, exc_info=error)

    async def _pause(self, failures: int) -> None:
        longest = min(_FIRST_PAUSE * 2 ** min(failures, 16), _LONGEST_PAUSE)
        seconds = random.uniform(longest / 2, longest)  # noqa: S311 - spreads retries, keeps no secret
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _watch(self) -> None:
        """Compare, now and then, where Kafka's partitions end with how far we are."""
        while True:
            await asyncio.sleep(self._progress.patience / 10)
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT):
                    await self._consumer.topics()
                    ends, applied = await self.ends(), await self.applied()
            except (KafkaError, TimeoutError):
                self._progress.away(time.monotonic())
            else:
                self._progress.saw(ends, applied, now=time.monotonic())
            metrics.PROGRESS_AGE.labels(self._group).set(self._progress.age(time.monotonic()))
            metrics.CONSUMER_LAG.labels(self._group).set(self._progress.lag)

    # ── rebalances ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _revoked(self, partitions: Collection[TopicPartition]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN):
                await self._settled()
        self._poller.forget()
        await self._on_revoked(partitions)


class _Listener(ConsumerRebalanceListener):
    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._batches._revoked(revoked)  # noqa: SLF001 - its other half

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._batches._on_assigned(assigned)  # noqa: SLF001 - its other half
