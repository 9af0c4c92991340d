"""One request at the door, without a door: what is answered where something fails, and how often a key may ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, cast

import msgspec
import pytest

from kaiwa.contracts.door import Accepted, SendBody
from kaiwa.dispatcher.door import asking, callers
from kaiwa.dispatcher.door.asking import Answer, Asked, Route, guarded
from kaiwa.dispatcher.door.callers import Allowance, Caller, Callers, hashed, new_secret
from kaiwa.dispatcher.door.problems import Refused
from kaiwa.runtime.http import Message, Scope

CALLER = Caller("k", frozenset({"a"}), frozenset({"bulk"}), frozenset({"automation"}), 1, ())


class Known:
    """Everybody may come in, or nobody."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def admit(self, _: bytes | None) -> Caller:
        if self._error:
            raise self._error
        return CALLER


async def asked(
    route: Route, *messages: Message, error: Exception | None = None
) -> tuple[int, dict[str, Any]]:
    """The status and the JSON that come back."""
    sent: list[Message] = []
    arriving = list(messages)

    async def receive() -> Message:
        if not arriving:
            await asyncio.Event().wait()
        return arriving.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "route": "/",
        "path_params": {},
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await guarded(route, cast("Callers", Known(error)))(scope, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


async def takes_a_body(question: Asked) -> Answer:
    await question.body(SendBody)
    return Answer(HTTPStatus.ACCEPTED, Accepted(request_id="r", account_id="a", href="/"))


async def never(_: Asked) -> Answer:
    raise AssertionError("nobody gets here")


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (OSError("the database is away"), 503, "away"),
        (TimeoutError(), 503, "away"),
        (ValueError("a secret"), 500, "fault"),
        (Refused(401, "no_key", "none"), 401, "no_key"),
    ],
)
async def test_whatever_fails_is_a_problem_without_its_words(
    error: Exception, status: int, name: str
) -> None:
    """Broken by: an error's own message, which may quote what it choked on."""
    answered, told = await asked(never, error=error)
    assert (answered, told["status"], told["type"]) == (status, status, f"urn:kaiwa:problem:{name}")
    assert "secret" not in str(told)


async def test_a_body_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_BODY_WITHIN", 0.01)
    part = {"type": "http.request", "body": b"{", "more_body": True}
    assert (await asked(takes_a_body, part))[0] == 408


def test_a_key_waits_for_its_turn_and_no_longer() -> None:
    """Two seconds' worth at once, then as fast as its rate. Broken by: tokens that pile up, or a wait that is too short."""
    allowance = Allowance(4, at=100.0)
    assert [allowance.wait(100.0) for _ in range(8)] == [0] * 8
    wait = allowance.wait(100.0)
    assert wait == pytest.approx(0.25)
    assert allowance.wait(100.0 + wait) == 0
    assert [allowance.wait(1000.0) == 0 for _ in range(9)] == [True] * 8 + [False]


def test_a_slow_key_may_ask_once() -> None:
    allowance = Allowance(0.01, at=0.0)
    assert allowance.wait(0.0) == 0
    assert allowance.wait(0.0) == pytest.approx(100)


async def test_the_keys_are_read_once_for_all_who_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: a read for each request that waited for the one before."""
    secret, stored = new_secret()
    row: dict[str, Any] = {
        "caller_id": "k",
        "accounts": None,
        "lanes": [],
        "author_kinds": [],
        "per_second": 100.0,
    }
    row |= {"secret_hash": stored, "previous_hash": None, "previous_opens": None}
    reads: list[int] = []

    class Stored:
        async def open_callers(self, _: object) -> AsyncIterator[dict[str, Any]]:
            reads.append(1)
            await asyncio.sleep(0)
            yield row

    class Questions:
        @asynccontextmanager
        async def session(self) -> AsyncIterator[None]:
            yield

    monkeypatch.setattr(callers, "_sql", Stored())
    known = Callers(cast("Any", Questions()))
    given = f"Bearer {callers.key('k', secret)}".encode()
    admitted = await asyncio.gather(*(known.admit(given) for _ in range(50)))
    assert {caller.caller_id for caller in admitted} == {"k"}
    assert len(reads) == 1


def test_only_its_own_secret_opens_a_key() -> None:
    secret, stored = new_secret()
    old, before = new_secret()
    caller = Caller("k", None, frozenset(), frozenset(), 1, (stored, before))
    assert caller.opens(secret.encode())
    assert caller.opens(old.encode())
    assert not caller.opens(stored)
    assert not caller.opens(b"")
    assert stored == hashed(secret.encode()) != secret.encode()


@pytest.mark.parametrize(
    ("account", "author", "lane", "field"),
    [
        ("b", "automation", "bulk", "account_id"),
        ("a", "human", "bulk", "author.kind"),
        ("a", "automation", "human", "lane"),
        ("a", "human", None, "author.kind"),
    ],
)
def test_a_key_covers_what_it_says(account: str, author: Any, lane: Any, field: str) -> None:
    with pytest.raises(Refused) as refused:
        CALLER.require(account, author, lane)
    assert (refused.value.problem.status, refused.value.problem.field) == (403, field)
    CALLER.require("a", "automation", "bulk")
    CALLER.require("a", "automation", None)
