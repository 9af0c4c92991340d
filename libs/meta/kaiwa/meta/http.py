"""HTTP to the platform: one attempt a call, and the truth about what left when no answer came.

aiohttp by itself: a layer of httpx above it costs twice as much again as the call, and renames the failures of which
:class:`NoReply` tells (docs/decisions/0033).
"""

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import aiohttp
import certifi
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

CONNECT, READ = 3.0, 20.0  # seconds
ROOM = 0.5
"""Seconds for a free connection and the making of a new one: a call that would have to wait longer has missed its slot,
and nothing of it has left.
"""

_NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
_KEEPALIVE = 20  # seconds; below the servers' own, so that an idle connection is not closed under a request
_OK, _REDIRECTS, _SERVER_ERRORS = 200, 300, 500


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer; the names of `headers` in any case."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return _OK <= self.status < _REDIRECTS

    @property
    def is_server_error(self) -> bool:
        return self.status >= _SERVER_ERRORS


class NoReply(Exception):
    """No complete answer came. `left`: whether any of the request may have left; `why` is the failure's name."""

    def __init__(self, why: str, *, left: bool) -> None:
        super().__init__(why)
        self.why = why
        self.left = left


Leave = Callable[[], Awaitable[bool]]
"""Waits for the moment at which a request may leave; whether it may at all."""


class Http(Protocol):
    async def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = READ,
        leave: Leave | None = None,
    ) -> Reply:
        """The answer, whatever its status; raises `NoReply`. `patience`: seconds of silence that are borne. `leave`: asked
        once there is a connection, right before the content is written to it.
        """


class _Stays(Exception):
    """A request was told not to leave."""


class _Waiting(aiohttp.BytesPayload):
    """Content that asks before it leaves. aiohttp writes the head together with it, so until then nothing has left."""

    def __init__(self, content: bytes, leave: Leave) -> None:
        super().__init__(content)
        self._leave = leave
        self.left = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if not await self._leave():
            raise _Stays
        self.left = True
        await super().write_with_length(writer, content_length)


class Client:
    """Over aiohttp's connections. It repeats nothing: a POST is not idempotent, and no redirect is followed."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = READ,
        leave: Leave | None = None,
    ) -> Reply:
        waiting = _Waiting(content or b"", leave) if leave else None
        try:
            address = _address(url)
        except ValueError:
            raise NoReply("InvalidURL", left=False) from None
        try:
            async with self._session.request(
                method,
                address,
                params=params or None,
                data=waiting or (content if form is None else form),
                headers=headers,
                allow_redirects=False,
                timeout=_timeout(patience),
            ) as answer:
                reply = Reply(answer.status, await answer.read(), answer.headers)
                if waiting and not waiting.left:
                    answer.close()  # and with it what waits
                    raise NoReply("answered before it left", left=False)
                return reply
        except _NEVER_LEFT as error:
            raise NoReply(type(error).__name__, left=False) from None  # the cause quotes the address
        except (aiohttp.ClientError, OSError) as error:
            raise NoReply(type(error).__name__, left=waiting is None or waiting.left) from None


@asynccontextmanager
async def connect(connections: int) -> AsyncIterator[Client]:
    """A client with room for so many calls at once."""
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEEPALIVE, ssl=context)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Client(session)


@lru_cache(maxsize=4096)
def _address(url: str) -> URL:
    """Taken apart once: messages go to as many addresses as there are accounts, again and again."""
    return URL(url)


def _timeout(patience: float) -> aiohttp.ClientTimeout:
    return _USUAL if patience == READ else _patient(patience)


def _patient(patience: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=ROOM, sock_connect=CONNECT, sock_read=patience)


_USUAL = _patient(READ)
