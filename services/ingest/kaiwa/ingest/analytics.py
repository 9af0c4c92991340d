"""Facts on their way out: after the answer, beside the events, and given up rather than waited for."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.producer import Producer
from kaiwa.contracts.events import Event
from kaiwa.ingest.facts import record
from kaiwa.runtime import metrics
from kaiwa.runtime.app import Background

_MOST_WAITING: Final = 20_000  # events; some megabytes
_AT_ONCE: Final = 200  # events between two looks at what Meta wants
_WITHIN: Final = 10.0  # seconds for one publish
_GOODBYE: Final = 2.0  # seconds for what waits at the end


class Analytics:
    """It has a producer of its own: what happens to facts happens to no event."""

    def __init__(self, producer: Producer, pseudonym_key: Callable[[], bytes]) -> None:
        self._producer = producer
        self._key = pseudonym_key
        self._waiting: list[Event] = []
        self._arrived = asyncio.Event()

    def note(self, events: Sequence[Event]) -> None:
        """Take what was published; above the bound it is lost."""
        room = _MOST_WAITING - len(self._waiting)
        self._waiting += events[:room]
        metrics.FACTS_LOST.inc(max(0, len(events) - room))
        self._arrived.set()

    def start(self, background: Background) -> None:
        self._producer.start_in_background()
        background.start(self._publish(), "analytics")

    async def stop(self) -> None:
        """What still waits has a moment; a batch that was cut off goes out again, with the same ids."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                while self._waiting:
                    await self._publish_some()
        await self._producer.stop()

    async def _publish(self) -> None:
        while True:
            await self._arrived.wait()
            await self._publish_some()
            if not self._waiting:
                self._arrived.clear()
            await asyncio.sleep(0)  # a publish that fails at once must not keep the loop from Meta

    async def _publish_some(self) -> None:
        batch, key = self._waiting[:_AT_ONCE], self._key()
        try:
            await self._producer.publish([record(event, key) for event in batch], within=_WITHIN)
        except PublishFailed:
            metrics.FACTS_LOST.inc(len(batch))
        del self._waiting[: len(batch)]
