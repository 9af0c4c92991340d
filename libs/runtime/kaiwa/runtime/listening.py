"""A port that answers HTTP until it is told to stop: a service's own, and one more where it has a second door."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn

from kaiwa.runtime.connections import limited
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.http import AsgiHandler
from kaiwa.runtime.settings import variable

MOST_CONNECTIONS: Final = 4096  # below the usual limits of open files, far above what a proxy keeps open
_GRACE: Final = 10  # seconds that requests in flight have to end; the platform itself waits 5


class _Server(uvicorn.Server):
    """uvicorn without its own idea of signals: it would raise them again after a clean stop, and the code would not be 0."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stopping.is_set()


def listen(host: str, port: int, *, variables: str = "http") -> socket.socket:
    """A listening socket; SettingsError names the variables below ``variables`` where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        names = f"{variable(variables, 'host')} and {variable(variables, 'port')}"
        raise SettingsError(f"cannot listen on {host}:{port} ({error.strerror}): change {names}") from error


async def serve(
    handler: AsgiHandler, listener: socket.socket, stopping: asyncio.Event, *, most: int = MOST_CONNECTIONS
) -> None:
    """Answer until ``stopping`` is set and what was in flight has ended; a connection above ``most`` is closed at once."""
    config = uvicorn.Config(
        handler,
        http=limited(most),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    await _Server(config, stopping).serve(sockets=[listener])
