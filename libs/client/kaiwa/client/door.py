"""A caller at the dispatcher's door: HTTP, for those who want no Kafka.

    async with Door("http://kaiwa-dispatcher-door", key) as door:
        asked = await door.send(SendBody(account_id=…, recipient=…, author=Author("automation"), message=Message(text="Hi")))
        async for outcome in door.outcomes(after="earliest"):
            ...

Asking again is safe: a request has an id, and the same id is one send. So what may pass (the door is away, or says that it
is too much) is tried again for ``patience`` seconds; what is refused raises :class:`Refusal` at once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from kaiwa.contracts import ids
from kaiwa.contracts.door import Accepted, ConversationState, Outcomes, Problem, SendBody, Standing, WordBody
from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.sends import Author

_PASSING: Final = {429, 502, 503, 504}
_PAUSE: Final = 0.5  # seconds before the next try, where the door does not say
_WAIT: Final = 20  # seconds for which the door keeps a question about outcomes

S = TypeVar("S", bound=msgspec.Struct)


class Refusal(Exception):
    """The door turned the request down; ``problem`` says why, with a code of the catalogue where it has one."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.reason or problem.title}: {problem.detail}")
        self.problem = problem


class Door:
    """``timeout`` of one try and ``patience`` for all of them, in seconds."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 10,
        patience: float = 30,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._timeout, self._patience = timeout, patience
        opened = {"authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(base_url=url, headers=opened, transport=transport)
        self.cursor: str | None = None
        """Where ``outcomes`` stands; keep it, and a later one goes on from there."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(self, body: SendBody) -> Accepted:
        """Ask for a message; it is in Kafka when this returns. Without a ``request_id`` it gets one."""
        named = msgspec.structs.replace(body, request_id=body.request_id or ids.random())
        return await self._ask(Accepted, "POST", "/v1/sends", body=named)

    async def show(self, request_id: str, account_id: str) -> Standing:
        return await self._ask(Standing, "GET", _request(request_id), query={"account_id": account_id})

    async def cancel(self, request_id: str, account_id: str) -> Accepted:
        """Take it back, where its sending has not begun; ``show`` of what is returned tells whether that worked."""
        return await self._ask(Accepted, "DELETE", _request(request_id), query={"account_id": account_id})

    async def may_i_write(self, account_id: str, customer_id: str) -> ConversationState:
        return await self._ask(ConversationState, "GET", _conversation(account_id, customer_id))

    async def escalate(self, account_id: str, customer_id: str, author: Author) -> Accepted:
        """Let a person handle the conversation."""
        return await self._say("escalate", account_id, customer_id, author)

    async def release(self, account_id: str, customer_id: str, author: Author) -> Accepted:
        """Let automation go on."""
        return await self._say("release", account_id, customer_id, author)

    async def _say(self, word: str, account_id: str, customer_id: str, author: Author) -> Accepted:
        path = f"{_conversation(account_id, customer_id)}/{word}"
        return await self._ask(Accepted, "POST", path, body=WordBody(request_id=ids.random(), author=author))

    async def outcomes(self, after: str | None = None) -> AsyncIterator[Outcome]:
        """What becomes of requests, for ever: from now on, from a cursor, or from the ``earliest``."""
        self.cursor = after or self.cursor
        while True:
            asked = {"wait": str(_WAIT)} | ({"after": self.cursor} if self.cursor else {})
            page = await self._ask(Outcomes, "GET", "/v1/outcomes", longer=_WAIT, query=asked)
            for outcome in page.outcomes:
                yield outcome
            self.cursor = page.next

    async def _ask(
        self,
        kind: type[S],
        method: str,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        longer: float = 0,
        query: Mapping[str, str] | None = None,
    ) -> S:
        sent: dict[str, Any] = {"params": query, "timeout": self._timeout + longer}
        if body is not None:
            sent |= {"content": msgspec.json.encode(body), "headers": {"content-type": "application/json"}}
        until = time.monotonic() + self._patience
        while True:
            pause = _PAUSE
            try:
                answer = await self._http.request(method, path, **sent)
            except httpx.TransportError:
                if time.monotonic() + pause > until:
                    raise
            else:
                if answer.is_success:
                    return msgspec.json.decode(answer.content, type=kind)
                said = answer.headers.get("retry-after", "")
                pause = float(said) if said.isdigit() else pause
                if answer.status_code not in _PASSING or time.monotonic() + pause > until:
                    raise Refusal(_problem(answer))
            await asyncio.sleep(pause)


def _request(request_id: str) -> str:
    return f"/v1/sends/{quote(request_id, safe='')}"


def _conversation(account_id: str, customer_id: str) -> str:
    return f"/v1/accounts/{quote(account_id, safe='')}/conversations/{quote(customer_id, safe='')}"


def _problem(answer: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:  # a proxy before the door
        return Problem(type="about:blank", title=answer.reason_phrase, status=answer.status_code)
