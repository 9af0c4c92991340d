"""The one way out to Kafka: idempotent, acknowledged by all in-sync replicas, and it heals itself.

What aiokafka 0.14 does by itself, and what is done about it here:

- An idempotent producer never gives a record up: a request that times out is sent again for ever. So one deadline
  stands over a whole call, and what missed it may be written later (``PublishFailed`` means "perhaps").
- A batch that the broker refuses leaves a gap in the sequence of its partition, and every later one is refused as out
  of order. So a producer that had a record refused is replaced.
- ``stop()`` first waits for every record, for ever while Kafka is away. So a producer that is given up has its records
  failed before it is closed, and it is closed in the background.

While there is no connection a publish fails at once, and a loop keeps trying to connect.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from kaiwa.bus import tracing
from kaiwa.bus.batching import Batching, acknowledged
from kaiwa.bus.clients import producing
from kaiwa.bus.errors import PublishFailed, Unavailable, away
from kaiwa.bus.records import Outgoing
from kaiwa.runtime import logs, metrics, telemetry
from kaiwa.runtime.settings import Kafka

_CONNECT_TIMEOUT: Final = 10.0  # seconds for one attempt
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # seconds between attempts
_TIMEOUTS_IN_A_ROW: Final = (
    3  # after so many deadlines missed and none kept, a new connection is the better bet
)
_GOODBYE: Final = 5.0  # seconds that closing may take

_log = logs.get_logger()


class _Line:
    """One aiokafka producer and how it has been doing."""

    def __init__(self, client: AIOKafkaProducer) -> None:
        self.client = client
        self.batching = Batching(client)
        self.missed = 0


class Producer:
    """Publishes records; one per process. Either ``start`` it, which fails where Kafka is away, or
    ``start_in_background``, which never does.
    """

    def __init__(self, kafka: Kafka, *, client_id: str) -> None:
        self._kafka, self._client_id = kafka, client_id
        self._line: _Line | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return self._line is not None

    def stuck(self) -> str | None:
        """Why a restart is the better bet, for liveness; None while it has Kafka or looks for it."""
        looking = self._connecting is not None and not self._connecting.done()
        if self._connecting is None or self.connected or looking:
            return None
        return "the producer has no connection and looks for none"

    async def start(self) -> None:
        """Connect, or raise DependencyError."""
        try:
            self._adopt(await self._connect())
        except (KafkaError, OSError, TimeoutError) as error:
            raise away(self._kafka) from error

    def start_in_background(self) -> None:
        """Connect as soon as Kafka is there; until then every publish raises Unavailable."""
        metrics.KAFKA_CONNECTED.set(0)
        self._connecting = asyncio.create_task(self._keep_connecting(), name="bus.producer.connect")

    async def stop(self) -> None:
        """Wait a moment for what is on its way, then close, whatever the state of Kafka."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if (line := self._line) is not None:
            self._line = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await line.client.flush()
            self._discard(line)
        metrics.KAFKA_CONNECTED.set(0)
        if self._closing:
            await asyncio.wait(self._closing)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def partitions(self, topic: str, *, within: float) -> int:
        """How many partitions a topic has (seconds to find out; the answer is cached, as it never changes)."""
        line = self._require_line()
        if (known := line.batching.known.get(topic)) is not None:
            return known
        try:
            async with asyncio.timeout(within):
                return await line.batching.partitions(topic)
        except (PublishFailed, TimeoutError) as error:
            raise Unavailable(f"the partitions of {topic} are not known yet") from error

    async def publish(self, records: Sequence[Outgoing], *, within: float) -> None:
        """Send the records in their order and return once all in-sync replicas have all of them.

        ``within`` is one deadline in seconds for the whole. Raises Unavailable (nothing was written),
        PublishFailed (any of them may be in its topic, now or later) or Unpublishable (one of them never will be).
        """
        await self.publish_made(records, {record.topic for record in records}, within=within)

    async def publish_made(
        self, records: Iterable[Outgoing], topics: AbstractSet[str], *, within: float
    ) -> None:
        """The same for records of these topics that are made as they are taken: each is written while the processor has it
        in its caches, and a thousand take a sixth less of its time.
        """
        if telemetry.on():
            made = [*records]  # the span tells how many there are
            with tracing.sending(made):
                await self._publish(made, topics, within=within)
        else:
            await self._publish(records, topics, within=within)

    async def _publish(self, records: Iterable[Outgoing], topics: AbstractSet[str], *, within: float) -> None:
        line = self._require_line()
        started = time.monotonic()
        try:
            acks = await line.batching.put(records, topics, within=within)
            await acknowledged(acks, within=started + within - time.monotonic())
        except (KafkaError, TimeoutError) as error:
            self._note_failure(line, error)
            why = f": {error}" if str(error) else ""
            raise PublishFailed(f"not every record was acknowledged within {within:g} s{why}") from error
        line.missed = 0
        metrics.PRODUCE_SECONDS.observe(time.monotonic() - started)

    def _require_line(self) -> _Line:
        if self._line is None:
            raise Unavailable("no connection to Kafka")
        return self._line

    def _note_failure(self, line: _Line, error: Exception) -> None:
        line.missed += 1
        refused = isinstance(error, KafkaError)
        if line is self._line and (refused or line.missed >= _TIMEOUTS_IN_A_ROW):
            _log.warning("producer_replaced", exc_info=error)
            metrics.PRODUCER_REBUILDS.inc()
            self._line = None
            self._discard(line)
            self.start_in_background()

    async def _keep_connecting(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                self._adopt(await self._connect())
            except Exception as error:  # noqa: BLE001 - whatever it is, trying again is all there is to do
                _log.warning("kafka_not_reached", exc_info=error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    async def _connect(self) -> _Line:
        client = AIOKafkaProducer(**producing(self._kafka, client_id=self._client_id))
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await client.start()
        except BaseException:
            await client.stop()  # nothing was sent yet: this only closes sockets
            raise
        return _Line(client)

    def _adopt(self, line: _Line) -> None:
        self._line = line
        metrics.KAFKA_CONNECTED.set(1)

    def _discard(self, line: _Line) -> None:
        task = asyncio.create_task(_close(line), name="bus.producer.close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _close(line: _Line) -> None:
    """With nothing left that ``stop`` would wait for."""
    line.batching.give_up()
    try:
        async with asyncio.timeout(_GOODBYE):
            await line.client.stop()
    except Exception as error:  # noqa: BLE001 - a sender that holds records which were given up ends in any way
        _log.info("producer_cut_off", exc_info=error)
        await line.client.client.close()
