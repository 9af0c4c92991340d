"""HTTP: bodies are bounded in size and time, and each path finds its handler or a plain refusal."""

import asyncio
import json
from typing import Any

import pytest

from kaiwa.runtime.http import (
    ARRIVED,
    BodyError,
    BodyTimeout,
    BodyTooLarge,
    ClientGone,
    Message,
    Receive,
    Scope,
    Send,
    read_body,
    respond,
    respond_json,
)
from kaiwa.runtime.routing import router


class Wire:
    """One request's two ends: what arrives, and what was answered."""

    def __init__(self, *messages: Message) -> None:
        self.arriving = list(messages)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if not self.arriving:
            await asyncio.Event().wait()
        return self.arriving.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        start, body = self.sent
        return start["status"], dict(start["headers"]), body["body"]


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def scope(method: str = "POST", path: str = "/", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": pairs}


@pytest.mark.parametrize(
    ("messages", "body"),
    [
        ([part(b"")], b""),
        ([part(b"12345678")], b"12345678"),
        ([part(b"123", more=True), part(b"456", more=True), part(b"78")], b"12345678"),
    ],
)
async def test_a_body_up_to_the_limit_is_read_whole(messages: list[Message], body: bytes) -> None:
    assert await read_body(scope(), Wire(*messages).receive, limit=8, within=5) == body


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([part(b"123456789")], BodyTooLarge),
        ([part(b"12345", more=True), part(b"6789", more=True)], BodyTooLarge),
        ([part(b"123", more=True), {"type": "http.disconnect"}], ClientGone),
        ([part(b"123", more=True)], BodyTimeout),
        ([], BodyTimeout),
    ],
)
async def test_what_is_not_a_whole_body_is_refused(messages: list[Message], error: type[BodyError]) -> None:
    with pytest.raises(error):
        await read_body(scope(), Wire(*messages).receive, limit=8, within=0.01)


async def test_what_has_arrived_is_bounded_too() -> None:
    arrived = {**scope(), ARRIVED: True}
    assert await read_body(arrived, Wire(part(b"12345678")).receive, limit=8, within=5) == b"12345678"
    with pytest.raises(BodyTooLarge):
        await read_body(arrived, Wire(part(b"123456789")).receive, limit=8, within=5)


async def test_a_declared_length_above_the_limit_is_refused_unread() -> None:
    wire = Wire(part(b"123456789"))
    with pytest.raises(BodyTooLarge):
        await read_body(scope(content_length="9"), wire.receive, limit=8, within=5)
    assert len(wire.arriving) == 1


async def test_json_is_answered_as_utf8() -> None:
    wire = Wire()
    await respond_json(wire.send, 200, {"text": "ありがとう"}, headers=[(b"retry-after", b"1")])
    status, headers, body = wire.answer
    assert status == 200
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"retry-after"] == b"1"
    assert headers[b"content-length"] == str(len(body)).encode()
    assert json.loads(body) == {"text": "ありがとう"}


async def echo(request: Scope, _: Receive, send: Send) -> None:
    await respond_json(send, 200, [request["path"], request["path_params"]])


ROUTES = router(
    {
        ("GET", "/webhooks/instagram"): echo,
        ("POST", "/webhooks/instagram"): echo,
        ("POST", "/webhooks/instagram/{app_id}"): echo,
        ("GET", "/deletions/{code}"): echo,
        ("POST", "/accounts/{account}/people/{person}/call"): echo,
    }
)


@pytest.mark.parametrize(
    ("method", "path", "status", "parameters"),
    [
        ("GET", "/webhooks/instagram", 200, {}),
        ("POST", "/webhooks/instagram/1001", 200, {"app_id": "1001"}),
        ("GET", "/deletions/abc", 200, {"code": "abc"}),
        ("GET", "/webhooks/instagram/1001", 405, None),
        ("DELETE", "/webhooks/instagram", 405, None),
        ("GET", "/deletions/", 404, None),
        ("GET", "/deletions", 404, None),
        ("GET", "/deletions/a/b", 404, None),
        ("POST", "/accounts/a/people/p/call", 200, {"account": "a", "person": "p"}),
        ("POST", "/accounts/a/people//call", 404, None),
        ("POST", "/accounts/a/people/p/ring", 404, None),
        ("GET", "/accounts/a/people/p/call", 405, None),
        ("GET", "/", 404, None),
        ("GET", "", 404, None),
    ],
)
async def test_routes(method: str, path: str, status: int, parameters: dict[str, str] | None) -> None:
    wire = Wire()
    await ROUTES(scope(method, path), wire.receive, wire.send)
    answered, headers, body = wire.answer
    assert answered == status
    if parameters is not None:
        assert json.loads(body) == [path, parameters]
    assert (b"allow" in headers) == (status == 405)


async def test_405_names_what_is_allowed() -> None:
    wire = Wire()
    await ROUTES(scope("PUT", "/webhooks/instagram"), wire.receive, wire.send)
    assert wire.answer[1][b"allow"] == b"GET, POST"


async def test_an_empty_answer_has_a_length() -> None:
    wire = Wire()
    await respond(wire.send, 204)
    assert wire.answer[1][b"content-length"] == b"0"
