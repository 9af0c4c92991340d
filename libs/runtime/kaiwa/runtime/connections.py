"""A bound on connections: each one costs memory and a file, whether it ever sends a request or not.

And what an answer is made of leaves in one piece: uvicorn writes head and body apart, uvloop sends each at once, and
whoever asked would be woken for half an answer.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kaiwa.runtime import metrics
from kaiwa.runtime.http import ARRIVED


class Whole:
    """A transport that sends what is written within one turn of the loop as one piece."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        """What was written goes first."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def limited(most: int) -> type[asyncio.Protocol]:
    """uvicorn's protocol, which closes a connection at once while `most` others are open.

    It also tells whoever reads a body that all of it is here: mostly it comes with its head.
    """

    class Limited(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(cast("asyncio.Transport", Whole(transport)))
            if len(self.connections) > most:
                metrics.CONNECTIONS_REFUSED.inc()
                transport.abort()

        def on_message_complete(self) -> None:
            super().on_message_complete()
            self.scope[ARRIVED] = True  # type: ignore[typeddict-unknown-key]  # a word of ours

    return Limited
