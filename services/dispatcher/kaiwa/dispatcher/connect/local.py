"""The redirect's end on this machine: one small server on loopback that waits for the browser to come back.

Whoever comes without our state is told so and changes nothing; the first who brings it ends the wait.
"""

import asyncio
import html
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qsl, urlsplit

from kaiwa.meta.logins import Nothing, Returned, returned

_LONGEST = 16 * 1024  # bytes of a request; a code is shorter than one
_SLOWEST = 10.0  # seconds for one request


class Callback:
    """``back``: the answer, once the browser brought it. ``path``: where it is expected."""

    def __init__(self, state: str, path: str) -> None:
        self._state = state
        self._path = path
        self.back: asyncio.Future[Returned] = asyncio.get_running_loop().create_future()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, says = "400 Bad Request", "This is no request."
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(_SLOWEST):
                head = await reader.readuntil(b"\r\n\r\n")
                status, says = self._visit(head.partition(b"\r\n")[0].decode("latin-1"))
        with suppress(OSError):
            writer.write(_page(status, says))
            await writer.drain()
            writer.close()

    def _visit(self, line: str) -> tuple[str, str]:
        match line.split(" "):
            case ["GET", target, _] if urlsplit(target).path == self._path:
                return self._hear(dict(parse_qsl(urlsplit(target).query)))
        return "404 Not Found", "Nothing is here."

    def _hear(self, query: dict[str, str]) -> tuple[str, str]:
        if not mine(query.get("state", ""), self._state):
            return (
                "400 Bad Request",
                "This is not the login that the terminal waits for. Begin from its link.",
            )
        if self.back.done():
            return "400 Bad Request", "This login has come back already."
        said = returned(query)
        if isinstance(said, Nothing):
            return "400 Bad Request", "Meta sent no answer along. Begin from the terminal's link again."
        self.back.set_result(said)
        return "200 OK", "Received. Go on in the terminal; this window can be closed."


def mine(given: str, state: str) -> bool:
    """Whether a redirect answers our dialog."""
    return secrets.compare_digest(given.encode(), state.encode())


def pasted(address: str, state: str) -> Returned:
    """The same from an address that a person copied out of the browser; Nothing where it is not an answer to our dialog."""
    query = dict(parse_qsl(urlsplit(address.strip()).query))
    return returned(query) if mine(query.get("state", ""), state) else Nothing()


@asynccontextmanager
async def waiting(state: str, *, port: int, path: str) -> AsyncIterator[Callback]:
    """A server on loopback. Raises OSError where the port is taken."""
    callback = Callback(state, path)
    server = await asyncio.start_server(callback.serve, "127.0.0.1", port, limit=_LONGEST)
    async with server:
        yield callback


def _page(status: str, says: str) -> bytes:
    body = f"<!doctype html><meta charset=utf-8><title>Kaiwa</title><p>{html.escape(says)}</p>".encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\n"
        "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
