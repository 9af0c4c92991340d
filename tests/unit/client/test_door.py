"""The client at a door that is played: what is asked again, and with what."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kaiwa.client import door as client
from kaiwa.client.door import Door, Refusal
from kaiwa.contracts.door import SendBody
from kaiwa.contracts.sends import Author, Message, Recipient

ACCEPTED = {"request_id": "r", "account_id": "a", "href": "/v1/sends/r"}
AWAY = {"type": "urn:kaiwa:problem:away", "title": "Service Unavailable", "status": 503}
BODY = SendBody(
    account_id="a",
    recipient=Recipient(customer_id="c"),
    author=Author("automation"),
    message=Message(text="Hi"),
)

Answer = Callable[[httpx.Request], httpx.Response]


def away(**headers: str) -> Answer:
    return lambda _: httpx.Response(503, json=AWAY, headers=headers)


def hung_up(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("hung up", request=request)


def said(value: Any, status: int = 200) -> Answer:
    return lambda _: httpx.Response(status, json=value)


class Played(httpx.AsyncBaseTransport):
    """Answers in their order, and what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0)(request)


def door(played: Played, **settings: float) -> Door:
    return Door("http://door", "kaiwa_k_s", transport=played, **settings)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAUSE", 0.0)


@pytest.mark.parametrize(
    "passing", [away(), away(**{"retry-after": "0"}), hung_up, said({}, 502), said({}, 429)]
)
async def test_what_may_pass_is_asked_again_with_the_same_id(passing: Answer) -> None:
    """Broken by: an id made anew for each try, which would be a second send."""
    played = Played(passing, passing, said(ACCEPTED, 202))
    async with door(played) as opened:
        assert (await opened.send(BODY)).href == "/v1/sends/r"
    names = {json.loads(request.content)["request_id"] for request in played.asked}
    assert (len(played.asked), len(names)) == (3, 1)
    assert {request.headers["authorization"] for request in played.asked} == {"Bearer kaiwa_k_s"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422, 500])
async def test_a_refusal_is_final_and_tells_why(status: int) -> None:
    """Broken by: asking again what will not change."""
    problem = {"type": "t", "title": "No", "status": status, "reason": "invalid", "field": "message.text"}
    played = Played(said(problem, status))
    async with door(played) as opened:
        with pytest.raises(Refusal, match="invalid") as raised:
            await opened.send(BODY)
    assert (raised.value.problem.field, len(played.asked)) == ("message.text", 1)


async def test_patience_ends() -> None:
    async with door(Played(away()), patience=-1) as opened:
        with pytest.raises(Refusal, match="503"):
            await opened.send(BODY)
    async with door(Played(hung_up), patience=-1) as opened:
        with pytest.raises(httpx.ReadError):
            await opened.send(BODY)


async def test_what_is_no_problem_of_ours_is_told_all_the_same() -> None:
    played = Played(lambda _: httpx.Response(404, text="<html>"))
    async with door(played) as opened:
        with pytest.raises(Refusal, match="404"):
            await opened.show("r", "a")


async def test_ids_are_quoted() -> None:
    """Broken by: an id that becomes a path of its own."""
    played = Played(said(ACCEPTED, 202))
    async with door(played) as opened:
        await opened.cancel("a/b?c", "d&e")
    assert played.asked[0].url.raw_path == b"/v1/sends/a%2Fb%3Fc?account_id=d%26e"


def outcome(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "seq": 1,
        "request_id": name,
        "account_id": "a",
        "customer_id": "c",
        "state": "sent",
        "author_kind": "automation",
        "lane": "bulk",
        "decided_at": "2026-11-22T12:00:00.000Z",
    }


async def test_outcomes_go_on_where_they_were() -> None:
    """Broken by: a cursor that is lost between two pages, or moved before its outcomes were had."""
    played = Played(
        said({"outcomes": [outcome("1"), outcome("2")], "next": "0-2"}),
        said({"outcomes": [outcome("3")], "next": "0-3"}),
    )
    found = []
    async with door(played) as opened:
        async for one in opened.outcomes(after="earliest"):
            found.append(one.request_id)
            if one.request_id == "2":
                assert opened.cursor == "earliest"
            if one.request_id == "3":
                break
    assert found == ["1", "2", "3"]
    assert [request.url.params["after"] for request in played.asked] == ["earliest", "0-2"]


async def test_words_about_a_conversation() -> None:
    played = Played(said(ACCEPTED, 202), said(ACCEPTED, 202))
    async with door(played) as opened:
        await opened.escalate("a", "c", Author("automation"))
        await opened.release("a", "c", Author("human"))
    assert [request.url.path for request in played.asked] == [
        "/v1/accounts/a/conversations/c/escalate",
        "/v1/accounts/a/conversations/c/release",
    ]
