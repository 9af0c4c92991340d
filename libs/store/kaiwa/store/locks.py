"""Locks between processes, held by a session of PostgreSQL: they end with the connection, however the process ends.

Leadership is not a fence. A leader that lost its connection learns of it within `every` + `_PING` seconds, and for
that long another one may be at work already: what a leader does must be harmless when done twice.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Final

import asyncpg

from kaiwa.runtime.errors import DependencyError
from kaiwa.store.pool import UNREACHABLE, Connection

_PING: Final = 5.0  # seconds for the answer to a ping


class LeadershipLost(DependencyError):
    """The connection that held the leader's lock is gone, and the lock with it."""


def key(name: str) -> int:
    """PostgreSQL's advisory locks are numbers of 64 bits; the same name gives the same one everywhere."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


@contextlib.asynccontextmanager
async def advisory(connection: Connection, name: str) -> AsyncIterator[None]:
    """Hold the lock `name` in this session; waits until it is free."""
    await connection.execute("select pg_advisory_lock($1)", key(name))
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", key(name))


@contextlib.asynccontextmanager
async def leadership(pool: asyncpg.Pool, name: str, *, every: float = 1.0) -> AsyncIterator[None]:
    """Wait to be the only leader of `name`, then run the body as it; keeps one connection of the pool for itself.

    The body is cancelled when the lock is lost, and `LeadershipLost` is raised. `every`: seconds between two attempts
    to become leader, and between two looks at the connection afterwards.
    """
    async with pool.acquire() as connection:
        try:
            while not await connection.fetchval("select pg_try_advisory_lock($1)", key(name)):  # noqa: ASYNC110  # the event is in PostgreSQL
                await asyncio.sleep(every)
            loop = asyncio.get_running_loop()
            # A timeout without a date is a cancel scope: losing the lock sets the date to now.
            scope = asyncio.timeout(None)
            try:
                async with scope:
                    watch = asyncio.create_task(
                        _watch(connection, every, lambda: scope.reschedule(loop.time()))
                    )
                    try:
                        yield
                    finally:
                        watch.cancel()
                        await asyncio.wait([watch])
            except TimeoutError:
                if not scope.expired():
                    raise
                raise LeadershipLost(f"the lock {name} was lost with its connection to PostgreSQL") from None
        finally:
            await _give_up(connection)


async def _give_up(connection: Connection) -> None:
    """The pool takes a session back as it is: the lock ends here, or with the connection."""
    try:
        await connection.reset(timeout=_PING)
    except UNREACHABLE:
        with contextlib.suppress(asyncpg.InterfaceError):  # the pool has dropped it already
            connection.terminate()


async def _watch(connection: Connection, every: float, lost: Callable[[], None]) -> None:
    try:
        while True:
            await asyncio.sleep(every)
            await connection.execute("select 1", timeout=_PING)
    except UNREACHABLE:
        lost()
