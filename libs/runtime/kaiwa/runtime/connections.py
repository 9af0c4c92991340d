"""A bound on connections: each one costs memory and a file, whether it ever sends a request or not."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kaiwa.runtime import metrics


def limited(most: int) -> type[asyncio.Protocol]:
    """uvicorn's protocol, which closes a connection at once while `most` others are open."""

    class Limited(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(transport)
            if len(self.connections) > most:
                metrics.CONNECTIONS_REFUSED.inc()
                transport.abort()

    return Limited
