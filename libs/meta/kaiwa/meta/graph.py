"""The Graph client: one POST per message, no retries, and an answer that never guesses."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta import conversations, http
from kaiwa.meta.answers import Accepted, Answer, Lost, NotSent, Refused, ThreadMessage, ThreadPage
from kaiwa.meta.http import Http, NoReply, Reply
from kaiwa.meta.usage import usage

MESSAGES = "messages"
"""The edge of every message."""

_OK = 200


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

    def __init__(self, client: Http, *, facebook: str, instagram: str, version: str) -> None:
        self._client = client
        self._hosts = {"facebook": facebook.rstrip("/"), "instagram": instagram.rstrip("/")}
        self._base = {
            "facebook": f"{facebook.rstrip('/')}/{version}",
            "instagram": f"{instagram.rstrip('/')}/{version}",
        }

    async def send(self, sender: Sender, body: Mapping[str, Any]) -> Answer:
        """POST one message."""
        return await self.post(sender, MESSAGES, body)

    async def post(
        self,
        sender: Sender,
        edge: str,
        body: Mapping[str, Any],
        *,
        method: Literal["POST", "DELETE"] = "POST",
    ) -> Answer:
        """POST to an edge of the account's node. Never raises for what the network or the platform does."""
        try:
            reply = await self._client.call(
                method,
                f"{self._base[sender.login]}/{sender.node_id}/{edge}",
                content=msgspec.json.encode(body),
                params=sender.params,
                headers=sender.headers,
            )
        except NoReply as silence:
            return _silent(silence)
        return read(reply) if edge == MESSAGES else read_done(reply)

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
            reply = await self._client.call(
                "GET",
                f"{base[sender.login]}/{path}",
                params={**params, **sender.params},
                headers=sender.headers,
            )
        except NoReply as silence:
            return _silent(silence)
        said = read(reply)
        if isinstance(said, Refused):
            return said
        return reply.content if reply.status == _OK else Lost(f"HTTP {reply.status}")

    async def ask(
        self, sender: Sender, edge: str, body: Mapping[str, Any], *, patience: float
    ) -> bytes | None:
        """The body of a POST that reaches no customer and was answered 200 within so many seconds, else None."""
        try:
            reply = await self._client.call(
                "POST",
                f"{self._base[sender.login]}/{sender.node_id}/{edge}",
                content=msgspec.json.encode(body),
                params=sender.params,
                headers=sender.headers,
                patience=patience,
            )
        except NoReply:
            return None
        return reply.content if reply.status == _OK else None

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
    async with http.connect(connections) as opened:
        yield Graph(opened, facebook=facebook, instagram=instagram, version=version)


def read(reply: Reply) -> Answer:
    """What a complete HTTP answer says; an error object wins over the status, whichever it is."""
    try:
        error = _error.decode(reply.content).error
    except UNREADABLE:
        error = None
    if error is not None:
        return Refused(
            error.code,
            error.error_subcode,
            error.fbtrace_id,
            usage(reply.headers),
            passing=reply.is_server_error or error.is_transient is True,
        )
    if reply.is_success:
        try:
            success = _success.decode(reply.content)
        except UNREADABLE:
            return Lost("unreadable answer")
        named = success.message_id or success.recipient_id
        if not named:
            return Lost("nothing named")
        return Accepted(success.message_id, success.recipient_id, usage(reply.headers))
    if reply.is_server_error:
        return Lost(f"HTTP {reply.status}")
    return Refused(None, None, None, usage(reply.headers))


def read_done(reply: Reply) -> Answer:
    """The same for an edge that makes no message: it answers `{"success": true}`."""
    said = read(reply)
    if not isinstance(said, Lost) or not reply.is_success:
        return said
    try:
        return Accepted(None, None) if _done.decode(reply.content).success else said
    except UNREADABLE:
        return said


def _silent(silence: NoReply) -> Lost | NotSent:
    return Lost(silence.why) if silence.left else NotSent(silence.why)
