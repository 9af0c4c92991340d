"""Waiting for conditions, never for time."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], bool], *, within: float = 30) -> None:
    """Return once the condition holds; fail after ``within`` seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the condition is anybody's, no event announces it
            await asyncio.sleep(0.02)
