"""Where the events end, asked of Kafka by whoever has just read requests: what was there before them lies below, and has
to be known before automation speaks (docs/decisions/0046).

Over a connection of its own: on a consumer's, a question waits behind the fetch that waits for news.
"""

import asyncio
import time
from collections.abc import Collection

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from kaiwa.bus.offsets import Offsets
from kaiwa.contracts import topics
from kaiwa.dispatcher.knowledge import Positions
from kaiwa.runtime import logs

_log = logs.get_logger()

_WITHIN = 0.3  # seconds; people's requests of the same batch wait, too
_PAUSE = 2.0  # seconds without questions, after one that nobody answered


class Ends:
    def __init__(self, offsets: Offsets) -> None:
        self._offsets = offsets
        self._silent_until = 0.0

    async def now(self, partitions: Collection[int]) -> Positions:
        """By partition; nothing where Kafka does not say it soon, or did not a moment ago. Then time has to tell."""
        if not partitions or time.monotonic() < self._silent_until:
            return {}
        try:
            async with asyncio.timeout(_WITHIN):
                found = await self._offsets.ends(
                    [TopicPartition(topics.EVENTS, partition) for partition in partitions]
                )
        except (KafkaError, TimeoutError) as error:
            _log.warning("ends_unknown", exc_info=error)
            self._silent_until = time.monotonic() + _PAUSE
            return {}
        return {partition.partition: end for partition, end in found.items()}
