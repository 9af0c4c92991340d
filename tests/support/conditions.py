"""Waiting for conditions, never for time."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], bool], *, within: float = 30) -> None:
    """Return once the condition holds; fail after ``within`` seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the condition is anybody's, no event announces it
            await asyncio.sleep(0.02)


async def eventually_true(ask: Callable[[], Awaitable[bool]], *, within: float = 30) -> None:
    """The same where it takes a question to know."""
    async with asyncio.timeout(within):
        while not await ask():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
