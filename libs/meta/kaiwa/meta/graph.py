"""The Graph client: one POST per message, no retries, and an answer that never guesses.

httpx runs on aiohttp's transport because its own pool collapses with concurrency. That transport reports a
connection lost *after* the request was written as ``ConnectTimeout``; the cause beneath tells the truth, so
:func:`_left` looks there.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
import httpx
import msgspec
from httpx_aiohttp import AiohttpTransport

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta import conversations
from kaiwa.meta.answers import Accepted, Answer, Lost, NotSent, Refused, ThreadMessage, ThreadPage
from kaiwa.meta.usage import usage

TIMEOUT = httpx.Timeout(connect=3, write=5, read=20, pool=0.5)
"""``pool`` spans, in this transport, the wait for a free connection and the making of a new one: a call that would
have to wait longer has missed its slot, and nothing of it has left.
"""

_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_KEEPALIVE = 20  # seconds; below the servers' own, so that an idle connection is not closed under a request


MESSAGES = "messages"
"""The edge of every message."""


@dataclass(frozen=True)
class Sender:
    """Whose token it is and where it sends: the Page's id on the Facebook host, the account's on Instagram's.

    ``proof``: that the caller holds the app's secret, where the app requires it of every call.
    """

    login: Literal["facebook", "instagram"]
    node_id: str
    token: str = field(repr=False)
    proof: str | None = field(default=None, repr=False)

    @property
    def params(self) -> dict[str, str]:
        return {"appsecret_proof": self.proof} if self.proof else {}

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "content-type": "application/json"}


class _Success(msgspec.Struct):
    message_id: str | None = None
    recipient_id: str | None = None


class _Done(msgspec.Struct):
    success: bool


class _Error(msgspec.Struct):
    code: int | None = None
    error_subcode: int | None = None
    fbtrace_id: str | None = None
    is_transient: Any = None


class _ErrorBody(msgspec.Struct):
    error: _Error


_success = msgspec.json.Decoder(_Success)
_error = msgspec.json.Decoder(_ErrorBody)
_done = msgspec.json.Decoder(_Done)


class Graph:
    """Both hosts of the platform."""

    def __init__(self, client: httpx.AsyncClient, *, facebook: str, instagram: str, version: str) -> None:
        self._client = client
        self._hosts = {"facebook": facebook.rstrip("/"), "instagram": instagram.rstrip("/")}
        self._base = {
            "facebook": f"{facebook.rstrip('/')}/{version}",
            "instagram": f"{instagram.rstrip('/')}/{version}",
        }

    async def send(self, sender: Sender, body: Mapping[str, Any]) -> Answer:
        """POST one message."""
        return await self.post(sender, MESSAGES, body)

    async def post(self, sender: Sender, edge: str, body: Mapping[str, Any]) -> Answer:
        """POST to an edge of the account's node. Never raises for what the network or the platform does."""
        try:
            response = await self._client.post(
                f"{self._base[sender.login]}/{sender.node_id}/{edge}",
                content=msgspec.json.encode(body),
                params=sender.params,
                headers=sender.headers,
            )
        except httpx.HTTPError as error:
            why = type(error.__cause__ or error).__name__  # the transport's own names mislead
            return Lost(why) if _left(error) else NotSent(why)
        except (aiohttp.ClientError, OSError) as error:  # what the transport does not translate
            return Lost(type(error).__name__)
        return read(response) if edge == MESSAGES else read_done(response)

    async def get(self, sender: Sender, path: str, params: Mapping[str, str]) -> bytes | None:
        """The body of a GET that was answered well, else None."""
        said = await self.fetch(sender, path, params)
        return said if isinstance(said, bytes) else None

    async def fetch(
        self, sender: Sender, path: str, params: Mapping[str, str], *, versioned: bool = True
    ) -> bytes | Refused | NotSent | Lost:
        """The body of a GET, or what became of it; a few paths stand beside the versions."""
        base = self._base if versioned else self._hosts
        try:
            response = await self._client.get(
                f"{base[sender.login]}/{path}",
                params={**params, **sender.params},
                headers=sender.headers,
            )
        except httpx.HTTPError as error:
            why = type(error.__cause__ or error).__name__
            return Lost(why) if _left(error) else NotSent(why)
        except (aiohttp.ClientError, OSError) as error:
            return Lost(type(error).__name__)
        said = read(response)
        if isinstance(said, Refused):
            return said
        return (
            response.content
            if response.status_code == httpx.codes.OK
            else Lost(f"HTTP {response.status_code}")
        )

    async def ask(
        self, sender: Sender, edge: str, body: Mapping[str, Any], *, patience: float
    ) -> bytes | None:
        """The body of a POST that reaches no customer and was answered 200 within so many seconds, else None."""
        try:
            response = await self._client.post(
                f"{self._base[sender.login]}/{sender.node_id}/{edge}",
                content=msgspec.json.encode(body),
                params=sender.params,
                headers=sender.headers,
                timeout=httpx.Timeout(**TIMEOUT.as_dict() | {"read": patience}),
            )
        except (httpx.HTTPError, aiohttp.ClientError, OSError):
            return None
        return response.content if response.status_code == httpx.codes.OK else None

    async def newest_messages(self, sender: Sender, customer_id: str) -> list[ThreadMessage] | None:
        """The newest messages (at most 20) with a customer, newest first; None where the platform did not say."""
        fields = "messages.limit(20){id,created_time,from,message,attachments}"
        page = await self._threads(sender, {"user_id": customer_id, "fields": fields})
        if page is None:
            return None
        return list(page.threads[0].messages) if page.threads else []

    async def threads(self, sender: Sender, after: str | None) -> ThreadPage | None:
        """A page of the account's conversations, without what they say; None where the platform did not answer."""
        fields = "participants,messages.limit(20){id,created_time,from}"
        return await self._threads(sender, {"fields": fields, **({"after": after} if after else {})})

    async def _threads(self, sender: Sender, params: Mapping[str, str]) -> ThreadPage | None:
        node = sender.node_id if sender.login == "facebook" else "me"
        content = await self.get(sender, f"{node}/conversations", {"platform": "instagram", **params})
        try:
            return None if content is None else conversations.page(content)
        except (ValueError, *UNREADABLE):
            return None  # ValueError: a time that is none


@asynccontextmanager
async def connect(*, facebook: str, instagram: str, version: str, connections: int) -> AsyncIterator[Graph]:
    """A client with room for ``connections`` calls at once: as many as the caller allows itself in flight."""
    async with client(connections) as opened:
        yield Graph(opened, facebook=facebook, instagram=instagram, version=version)


@asynccontextmanager
async def client(connections: int) -> AsyncIterator[httpx.AsyncClient]:
    """What every call to the platform goes through."""
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=_KEEPALIVE)
    transport = AiohttpTransport(limits=limits)
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT, trust_env=False) as opened:
        yield opened


def read(response: httpx.Response) -> Answer:
    """What a complete HTTP answer says; an error object wins over the status, whichever it is."""
    try:
        error = _error.decode(response.content).error
    except UNREADABLE:
        error = None
    if error is not None:
        return Refused(
            error.code,
            error.error_subcode,
            error.fbtrace_id,
            usage(response.headers),
            passing=response.is_server_error or error.is_transient is True,
        )
    if response.is_success:
        try:
            success = _success.decode(response.content)
        except UNREADABLE:
            return Lost("unreadable answer")
        named = success.message_id or success.recipient_id
        if not named:
            return Lost("nothing named")
        return Accepted(success.message_id, success.recipient_id, usage(response.headers))
    if response.is_server_error:
        return Lost(f"HTTP {response.status_code}")
    return Refused(None, None, None, usage(response.headers))


def read_done(response: httpx.Response) -> Answer:
    """The same for an edge that makes no message: it answers `{"success": true}`."""
    said = read(response)
    if not isinstance(said, Lost) or not response.is_success:
        return said
    try:
        return Accepted(None, None) if _done.decode(response.content).success else said
    except UNREADABLE:
        return said


def _left(error: httpx.HTTPError) -> bool:
    """Whether any of the request may have left: only a connection that never came about says no."""
    if isinstance(error, httpx.UnsupportedProtocol | httpx.PoolTimeout):
        return False
    return not isinstance(error.__cause__, _NEVER_LEFT)
