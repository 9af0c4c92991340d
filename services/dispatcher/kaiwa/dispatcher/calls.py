"""Calls: those that are under way at once, and how many more there may be."""

import asyncio
from collections.abc import Callable, Iterable

from kaiwa.dispatcher.claims import Made
from kaiwa.dispatcher.send import Sender

_DRAIN = 25.0  # seconds that calls in flight have on the way out; above the read timeout


class Calls:
    """``reserve``: of all, those that people alone may have. ``asked``: how many the claims being made now may add."""

    def __init__(self, sender: Sender, most: int, ended: Callable[[], None]) -> None:
        self.reserve = most // 10
        self.asked = 0
        self._sender = sender
        self._most = most
        self._ended = ended
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def room(self) -> int:
        """How many more there may be."""
        return self._most - len(self._under_way) - self.asked

    @property
    def shared(self) -> int:
        """How many of them automation may have; below 0 where people have begun on their reserve."""
        return self.room - self.reserve

    def begin(self, made: Iterable[Made]) -> None:
        for claim, call in made:
            task = asyncio.create_task(self._sender.deliver(claim, call))
            self._under_way.add(task)
            task.add_done_callback(self._done)

    async def end(self) -> None:
        """Wait for those that are under way."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_DRAIN)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._ended()
