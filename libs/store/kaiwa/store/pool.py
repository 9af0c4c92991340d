"""The way into PostgreSQL: one pool per process, the same everywhere.

Statement cache: asyncpg prepares each query once per connection and keeps it. Our SQL is a fixed set of named queries,
so nothing is ever evicted and nothing expires. Two consequences: queries name their columns (`select *` would break
when a migration adds one), and a pooler between us and PostgreSQL must keep prepared statements (PgBouncer ≥ 1.21) and
session state, or stand aside: leadership is a session's lock.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final, TypeAlias

import asyncpg
import asyncpg.pool
import msgspec

from kaiwa.runtime import metrics
from kaiwa.runtime.errors import DependencyError, SettingsError

_CONNECT: Final = 5.0  # seconds
_COMMAND: Final = 30.0  # seconds; no query of ours may take longer
_CLOSE: Final = 5.0  # seconds to hand back connections at the end
_IDLE_IN_TRANSACTION: Final = "60s"  # a frozen process must not hold conversations locked for ever

UNREACHABLE: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What asyncpg raises when a connection cannot be made or is lost."""


Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
"""One session, of a pool or by itself."""


@contextlib.asynccontextmanager
async def pool(
    dsn: str, *, application: str, min_size: int = 1, max_size: int = 10, by_index: bool = False
) -> AsyncIterator[asyncpg.Pool]:
    """A connected pool; `DependencyError` when PostgreSQL is away. `json` and `jsonb` are Python values.

    ``by_index``: no table is read whole that has an index for what is asked. A plan that was made while a table was nearly
    empty reads all of it, and a session keeps it, however long the table grows, until somebody analyses it.
    """
    with _explained():
        opened = await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=_CONNECT,
            command_timeout=_COMMAND,
            max_cached_statement_lifetime=0,
            init=_prepare,
            reset=_keep,
            server_settings={**_session(application), "enable_seqscan": "off" if by_index else "on"},
        )
    metrics.POOL_SIZE.set_function(opened.get_size)
    metrics.POOL_BUSY.set_function(lambda: opened.get_size() - opened.get_idle_size())
    try:
        yield opened
    finally:
        await _close(opened)


class Questions:
    """Sessions for those who only ask, one question at a time; what writes is refused by PostgreSQL.

    A pool checks, times and clears a session in tasks of their own, which costs more than a read by primary key. These
    keep nothing that had to be cleared, so each goes as it is to whoever asks next; one whose question did not end well
    is closed. They are not in the gauges.
    """

    def __init__(self, dsn: str, *, application: str, most: int) -> None:
        self._dsn = dsn
        self._settings = {**_session(application), "default_transaction_read_only": "on"}
        self._places = asyncio.Semaphore(most)
        self._free: list[asyncpg.Connection] = []

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """One of :data:`UNREACHABLE` where PostgreSQL is away."""
        async with self._places:
            connection = await self._next()
            try:
                yield connection
            except BaseException:
                connection.terminate()
                raise
            self._free.append(connection)

    async def close(self) -> None:
        while self._free:
            await self._free.pop().close(timeout=_CLOSE)

    async def _next(self) -> asyncpg.Connection:
        while self._free:
            if not (connection := self._free.pop()).is_closed():
                return connection
        opened = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT,
            command_timeout=_COMMAND,
            max_cached_statement_lifetime=0,
            server_settings=self._settings,
        )
        await _prepare(opened)
        return opened


@contextlib.asynccontextmanager
async def questions(dsn: str, *, application: str, most: int) -> AsyncIterator[Questions]:
    """At most so many sessions, opened as they are needed."""
    asking = Questions(dsn, application=application, most=most)
    try:
        yield asking
    finally:
        await asking.close()


async def _close(opened: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(_CLOSE):
            await opened.close()
    except TimeoutError:
        opened.terminate()


@contextlib.asynccontextmanager
async def connection(
    dsn: str, *, application: str, patience: float | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """One connection without a pool. ``patience`` bounds each statement, in seconds; commands and migrations have none."""
    with _explained():
        opened = await asyncpg.connect(
            dsn, timeout=_CONNECT, command_timeout=patience, server_settings=_session(application)
        )
    try:
        await _prepare(opened)
        yield opened
    finally:
        await opened.close(timeout=_CLOSE)


def _session(application: str) -> dict[str, str]:
    return {
        "application_name": f"kaiwa-{application}",
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
        "synchronous_commit": "on",  # whatever the server's default: a call that a crash forgets is made again
        "jit": "off",  # our queries take milliseconds; compiling one takes a hundred
    }


async def _keep(_: Connection) -> None:
    """Nothing of ours outlives its transaction but a leader's lock, which the leader gives up; an open transaction is
    rolled back by asyncpg itself. Its own reset would cost a round trip every time that a connection comes back.
    """


async def _prepare(opened: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await opened.set_type_codec(
            kind,
            schema="pg_catalog",
            encoder=lambda value: msgspec.json.encode(value).decode(),
            decoder=msgspec.json.decode,
        )


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # asyncpg's own ClientConfigurationError is one, and so is a port of letters
        raise SettingsError("KAIWA_POSTGRES__DSN is not a PostgreSQL URI: write postgresql://…") from error
    except UNREACHABLE as error:
        reason = type(error).__name__
        raise DependencyError(
            f"PostgreSQL is away ({reason}): check KAIWA_POSTGRES__DSN and the server"
        ) from error
