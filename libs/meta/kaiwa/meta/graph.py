"""The Graph client: one POST per message, no retries, and an answer that never guesses."""

import copy
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta import conversations, http
from kaiwa.meta.answers import Answer, Lost, NotSent, Refused, ThreadMessage, ThreadPage
from kaiwa.meta.http import Http, Leave, NoReply, Reply
from kaiwa.meta.replies import limits, read, read_done
from kaiwa.meta.usage import Usage

MESSAGES = "messages"
"""The edge of every message."""

_OK = 200


@dataclass(frozen=True)
class Sender:
    """Whose token it is and where it sends: the Page's id on the Facebook host, the account's on Instagram's.

    ``proof``: that the caller holds the app's secret, where the app requires it of every call. ``account_id`` and
    ``app_id``: whose limits its calls count against, None where no registered account calls.
    """

    login: Literal["facebook", "instagram"]
    node_id: str
    token: str = field(repr=False)
    proof: str | None = field(default=None, repr=False)
    account_id: str | None = None
    app_id: str | None = None

    @property
    def params(self) -> dict[str, str]:
        return {"appsecret_proof": self.proof} if self.proof else {}

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "content-type": "application/json"}


class Guard(Protocol):
    """Stands at every call, so that no caller has to think of limits. What it raises, the caller gets."""

    async def before(self, sender: Sender) -> None:
        """Raises where the call must not be made now."""

    async def after(self, sender: Sender, said: Refused | Usage) -> None:
        """Hears what an answer says of limits: a refusal, or else its usage headers. Raises where it is no answer."""


class Graph:
    """Both hosts of the platform."""

    def __init__(self, client: Http, *, facebook: str, instagram: str, version: str) -> None:
        self._client = client
        self._guard: Guard | None = None
        self._hosts = {"facebook": facebook.rstrip("/"), "instagram": instagram.rstrip("/")}
        self._base = {
            "facebook": f"{facebook.rstrip('/')}/{version}",
            "instagram": f"{instagram.rstrip('/')}/{version}",
        }

    def guarded(self, guard: Guard) -> "Graph":
        """The same, with a guard at every call."""
        other = copy.copy(self)
        other._guard = guard  # noqa: SLF001 - its own kind
        return other

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
        leave: Leave | None = None,
    ) -> Answer:
        """POST to an edge of the account's node. Never raises for what the network or the platform does. ``leave``: asked
        right before it leaves, when all that takes time is over; NotSent where it says no.
        """
        try:
            reply = await self._call(
                sender,
                method,
                f"{self._base[sender.login]}/{sender.node_id}/{edge}",
                content=msgspec.json.encode(body),
                leave=leave,
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
            reply = await self._call(sender, "GET", f"{base[sender.login]}/{path}", params)
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
            reply = await self._call(
                sender,
                "POST",
                f"{self._base[sender.login]}/{sender.node_id}/{edge}",
                content=msgspec.json.encode(body),
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

    async def _call(
        self,
        sender: Sender,
        method: str,
        url: str,
        params: Mapping[str, str] = {},
        *,
        content: bytes | None = None,
        patience: float = http.READ,
        leave: Leave | None = None,
    ) -> Reply:
        """Every call goes through here. Raises NoReply, and what the guard raises."""
        if self._guard is not None:
            await self._guard.before(sender)
        reply = await self._client.call(
            method,
            url,
            params={**params, **sender.params},
            content=content,
            headers=sender.headers,
            patience=patience,
            leave=leave,
        )
        if self._guard is not None and (said := limits(reply)) is not None:
            await self._guard.after(sender, said)
        return reply


@asynccontextmanager
async def connect(*, facebook: str, instagram: str, version: str, connections: int) -> AsyncIterator[Graph]:
    """A client with room for ``connections`` calls at once: as many as the caller allows itself in flight."""
    async with http.connect(connections) as opened:
        yield Graph(opened, facebook=facebook, instagram=instagram, version=version)


def _silent(silence: NoReply) -> Lost | NotSent:
    return Lost(silence.why) if silence.left else NotSent(silence.why)
