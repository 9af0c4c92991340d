"""The door itself: what is answered to whom, and that nothing unproven is looked at. The transport is plain ASGI."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from deliveries import body, entry, text

from kaiwa.bus.errors import PublishFailed, Unavailable
from kaiwa.ingest.fuse import FuseOpen
from kaiwa.ingest.limits import Admission, Limits
from kaiwa.ingest.publish import Delivery
from kaiwa.ingest.settings import MAX_BODY_BYTES
from kaiwa.ingest.webhook import Webhook, is_known, parse_tokens
from kaiwa.meta.signatures import App, sign
from kaiwa.runtime.http import Message

BODY = body(entry(text("m1")))
APPS = [App("1001", b"old"), App("1001", b"new"), App("1002", b"other")]


LIMITS = Limits(
    body_bytes=MAX_BODY_BYTES, body_seconds=5, requests_in_flight=9, bytes_in_flight=MAX_BODY_BYTES
)


class Kafka:
    """The far side of the door: keeps what it is given, waits or fails when told."""

    def __init__(self) -> None:
        self.got: list[Delivery] = []
        self.failure: Exception | None = None
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def publish(self, delivery: Delivery) -> None:
        self.reached.set()
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.got.append(delivery)


class Door:
    def __init__(self, kafka: Kafka, *, limits: Limits = LIMITS) -> None:
        self.reads = 0
        self._webhook = Webhook(
            tokens=lambda: ["first", "second"],
            apps=lambda: APPS,
            publish=kafka.publish,
            admission=Admission(limits),
        )

    async def get(self, query: str) -> tuple[int, bytes, dict[bytes, bytes]]:
        scope = {"query_string": query.encode(), "headers": [], "path_params": {}}
        return await self._call(self._webhook.challenge, scope, [])

    async def post(
        self,
        sent: bytes,
        headers: Mapping[bytes, bytes],
        *,
        app_id: str | None = None,
        declared: int | None = None,
        never_ends: bool = False,
    ) -> tuple[int, bytes, dict[bytes, bytes]]:
        length = str(len(sent) if declared is None else declared).encode()
        scope = {
            "headers": [*headers.items(), (b"content-length", length)],
            "path_params": {} if app_id is None else {"app_id": app_id},
        }
        message = {"type": "http.request", "body": sent, "more_body": never_ends}
        return await self._call(self._webhook.deliver, scope, [message])

    async def _call(
        self, handler: Any, scope: Any, incoming: list[Message]
    ) -> tuple[int, bytes, dict[bytes, bytes]]:
        answers: list[Message] = []

        async def receive() -> Message:
            self.reads += 1
            if not incoming:
                await asyncio.Event().wait()
            return incoming.pop(0)

        async def send(message: Message) -> None:
            answers.append(message)

        await handler(scope, receive, send)
        start, content = answers
        return start["status"], content["body"], dict(start["headers"])


def signed(sent: bytes, secret: bytes = b"new") -> dict[bytes, bytes]:
    return {b"x-hub-signature-256": sign(secret, sent).encode()}


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def door(kafka: Kafka) -> Door:
    return Door(kafka)


def challenge(token: str = "second", text: str = "1158201444", mode: str = "subscribe") -> str:
    return f"hub.mode={mode}&hub.challenge={text}&hub.verify_token={token}"


async def test_the_challenge_is_echoed_as_plain_text(door: Door) -> None:
    status, content, headers = await door.get(challenge())
    assert (status, content) == (200, b"1158201444")
    assert headers[b"content-type"].startswith(b"text/plain")


@pytest.mark.parametrize(
    "query",
    [
        "",
        challenge(token="third"),
        challenge(token=""),
        challenge(token="%ED%A0%80"),
        challenge(mode="unsubscribe"),
        challenge(text=""),
        challenge(text="%3Cscript%3E"),
        challenge(text="1%0A"),
        challenge(text="1" * 257),
    ],
)
async def test_any_other_challenge_is_refused(door: Door, query: str) -> None:
    status, content, _ = await door.get(query)
    assert (status, content) == (403, b"")


@pytest.mark.parametrize(
    ("secret", "app_id", "expected"),
    [
        (b"old", None, "1001"),
        (b"new", None, "1001"),
        (b"other", None, "1002"),
        (b"other", "1002", "1002"),
        (b"other", "1001", None),
        (b"new", "1003", None),
        (b"stranger", None, None),
    ],
)
async def test_the_secret_names_the_app_and_the_path_may_restrict_it(
    kafka: Kafka, door: Door, secret: bytes, app_id: str | None, expected: str | None
) -> None:
    status, _, _ = await door.post(BODY, signed(BODY, secret), app_id=app_id)
    assert status == (401 if expected is None else 200)
    assert [delivery.app_id for delivery in kafka.got] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"x-hub-signature-256": b""},
        {b"x-hub-signature-256": b"sha256=zz"},
        {b"x-hub-signature-256": sign(b"new", BODY).removeprefix("sha256=").encode()},
        {b"x-hub-signature-256": sign(b"new", BODY + b" ").encode()},
        {b"x-hub-signature": b"sha1=0123456789abcdef0123456789abcdef01234567"},
    ],
)
async def test_without_a_good_signature_nothing_is_published(
    kafka: Kafka, door: Door, headers: dict[bytes, bytes]
) -> None:
    status, content, _ = await door.post(BODY, headers)
    assert (status, content, kafka.got) == (401, b"", [])


async def test_a_declared_length_above_the_cap_is_refused_unread(door: Door) -> None:
    status, _, headers = await door.post(b"", {}, declared=MAX_BODY_BYTES + 1)
    assert (status, door.reads, headers[b"connection"]) == (413, 0, b"close")


async def test_an_undeclared_one_is_refused_as_soon_as_it_shows(door: Door) -> None:
    status, _, _ = await door.post(b"x" * (MAX_BODY_BYTES + 1), {}, declared=1)
    assert status == 413


@pytest.mark.parametrize("failure", [PublishFailed("late"), Unavailable("away"), FuseOpen()])
async def test_what_is_not_published_is_not_acknowledged(
    kafka: Kafka, door: Door, failure: Exception
) -> None:
    kafka.failure = failure
    status, _, headers = await door.post(BODY, signed(BODY))
    assert (status, headers[b"retry-after"]) == (503, b"5")


@pytest.mark.parametrize("bound", [{"bytes_in_flight": len(BODY)}, {"requests_in_flight": 1}], ids=str)
async def test_above_what_may_be_in_flight_a_delivery_is_refused_at_once(
    kafka: Kafka, bound: dict[str, int]
) -> None:
    door = Door(kafka, limits=replace(LIMITS, **bound))
    kafka.open.clear()
    waiting = asyncio.create_task(door.post(BODY, signed(BODY)))
    await kafka.reached.wait()
    async with asyncio.timeout(5):
        status, _, headers = await door.post(BODY, signed(BODY))
    assert (status, headers[b"retry-after"], door.reads) == (503, b"5", 1)
    kafka.open.set()
    assert (await waiting)[0] == 200
    assert (await door.post(BODY, signed(BODY)))[0] == 200


async def test_a_slow_body_is_cut_and_nothing_of_it_is_published(kafka: Kafka) -> None:
    door = Door(kafka, limits=replace(LIMITS, body_seconds=0.01))
    status, _, headers = await door.post(BODY, signed(BODY), never_ends=True)
    assert (status, headers[b"connection"], kafka.got) == (408, b"close", [])


async def test_what_was_in_flight_is_given_back_whatever_happens(kafka: Kafka) -> None:
    one = replace(LIMITS, body_seconds=0.01, requests_in_flight=1, bytes_in_flight=len(BODY))
    door = Door(kafka, limits=one)
    assert (await door.post(BODY, signed(BODY), never_ends=True))[0] == 408
    assert (await door.post(BODY, {}))[0] == 401
    assert (await door.post(BODY + BODY, signed(BODY + BODY)))[0] == 503
    kafka.failure = PublishFailed("late")
    assert (await door.post(BODY, signed(BODY)))[0] == 503
    kafka.failure = None
    assert (await door.post(BODY, signed(BODY)))[0] == 200


async def test_every_answer_says_what_it_is_and_that_nobody_keeps_it(door: Door) -> None:
    for _, _, headers in (
        await door.get(challenge()),
        await door.get(""),
        await door.post(BODY, {}),
        await door.post(BODY, signed(BODY)),
    ):
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"cache-control"] == b"no-store"
    assert (await door.get(challenge()))[2][b"content-security-policy"].startswith(b"default-src 'none'")


def test_tokens_are_lines() -> None:
    assert parse_tokens("first\n\n second \n") == ("first", "second")
    with pytest.raises(ValueError, match="one token a line"):
        parse_tokens("\n")
    assert not is_known("", ("first",))
