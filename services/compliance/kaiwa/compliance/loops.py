"""How a background loop goes on: work while there is some, wait to be woken, and outlive what comes back by itself."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
from aiokafka.errors import KafkaError

from kaiwa.bus.errors import PublishFailed
from kaiwa.runtime import logs
from kaiwa.runtime.errors import DependencyError
from kaiwa.store.locks import leadership

AWAY: Final = (
    PublishFailed,
    KafkaError,
    DependencyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)
"""Kafka or PostgreSQL is away for now: what was begun is rolled back and done again."""

_PAUSE: Final = 1.0  # seconds before the next attempt

_log = logs.get_logger()

Turn = Callable[[], Awaitable[bool]]
"""One round of work; True if there may be more at once."""


async def keep(turn: Turn, *, name: str, every: float, wake: asyncio.Event | None = None) -> None:
    """Run ``turn`` again and again: at once while it has work, else when woken, else after ``every`` seconds."""
    wake = wake or asyncio.Event()
    while True:
        wake.clear()
        try:
            busy = await turn()
        except AWAY as error:
            _log.warning("loop_interrupted", loop=name, exc_info=error)
            await asyncio.sleep(_PAUSE)
            continue
        if not busy:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await wake.wait()


async def elected(pool: asyncpg.Pool, body: Callable[[], Awaitable[None]], *, name: str) -> None:
    """Run ``body`` for as long as this process is the one of its kind; stand for election again when it is not."""
    while True:
        try:
            async with leadership(pool, f"kaiwa.compliance.{name}"):
                _log.info("elected", loop=name)
                await body()
        except AWAY as error:
            _log.warning("election_interrupted", loop=name, exc_info=error)
            await asyncio.sleep(_PAUSE)
