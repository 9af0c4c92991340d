"""Long work a little at a time: a slot lasts ten milliseconds, and a call misses it while the event loop is busy."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_MOST: Final = 50
"""So many requests are read, sealed and told in two or three milliseconds."""


async def portions(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """All of them, in their order, a few at a time; between two portions everything else has its turn."""
    for start in range(0, len(items), _MOST):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + _MOST]
