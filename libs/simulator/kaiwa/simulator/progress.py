"""Waiting for a condition instead of for a time."""

import asyncio
from collections.abc import Callable


class Progress:
    """Wakes those who wait whenever something has happened."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def tick(self) -> None:
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def until(self, met: Callable[[], object], seconds: float) -> bool:
        """Wait until the condition holds; False when it still does not after that many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while not met():
                    await self._next.wait()
        except TimeoutError:
            return bool(met())
        return True
