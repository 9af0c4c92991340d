"""Answers that break the connection, and the protocol that gives them its transport and notes when a request came."""

import asyncio
import socket
import struct
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "kaiwa.transport"


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which shows the application the transport below it, and when the request's first byte came."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"transport": self.transport, "arrived": time.monotonic()}}


def arrival(request: Request) -> float:
    """On the clock that rates are judged by: before the request waited for whatever else the box has to do."""
    at: float = request.scope["extensions"][_EXTENSION]["arrived"]
    return at


class Reset(Response):
    """No answer: a TCP reset, so that the client's read fails at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        transport = scope["extensions"][_EXTENSION]["transport"]
        if not transport.is_closing():  # else the client was the first to go
            # Lingering for zero seconds turns the close into a reset.
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            transport.abort()
        # The server would write a 500 for an application that returns while it thinks the client is there.
        while (await receive())["type"] != "http.disconnect":
            pass


async def silence(request: Request, stopping: asyncio.Event, seconds: float) -> None:
    """Say nothing for so long, or until the client gives up or the box stops."""
    waits = {asyncio.ensure_future(_left(request)), asyncio.ensure_future(stopping.wait())}
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
