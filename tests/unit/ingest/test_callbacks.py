"""Callbacks about people: who is believed, what is answered, and what record comes of it."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import events, topics
from kaiwa.ingest.callbacks import Callbacks
from kaiwa.ingest.limits import Admission, Limits
from kaiwa.meta.signatures import App
from kaiwa.meta.signed_request import sign
from kaiwa.runtime.http import Message

APPS = [App("1001", b"facebook"), App("1001", b"instagram"), App("1002", b"other")]
STATUS = "https://privacy.example/deletions/"
ISSUED = 1_795_000_000
FORM = b"application/x-www-form-urlencoded"


class Desk:
    """Both callbacks, and the Kafka behind them."""

    def __init__(self) -> None:
        self.published: list[Outgoing] = []
        self.failure: Exception | None = None
        limits = Limits(body_bytes=8_000_000, body_seconds=5, requests_in_flight=1, bytes_in_flight=8_000_000)
        callbacks = Callbacks(
            apps=lambda: APPS, publish=self._publish, admission=Admission(limits), id_key=b"k" * 32
        )
        self._handlers = {"deletion": callbacks.data_deletion(STATUS), "deauthorize": callbacks.deauthorize}

    async def _publish(self, record: Outgoing) -> None:
        if self.failure is not None:
            raise self.failure
        self.published.append(record)

    async def post(
        self, body: bytes, *, to: str = "deletion", content_type: bytes | None = FORM
    ) -> tuple[int, bytes]:
        answers: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answers.append(message)

        typed = [] if content_type is None else [(b"content-type", content_type)]
        length = str(len(body)).encode()
        scope: dict[str, Any] = {"headers": [*typed, (b"content-length", length)], "path_params": {}}
        await self._handlers[to](scope, receive, send)
        start, content = answers
        return start["status"], content["body"]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def form(secret: bytes = b"facebook", **changed: Any) -> bytes:
    payload = {"algorithm": "HMAC-SHA256", "issued_at": ISSUED, "user_id": "218471"} | changed
    return b"signed_request=" + quote(sign(secret, payload)).encode()


async def code(desk: Desk, body: bytes) -> str:
    status, content = await desk.post(body)
    assert status == 200
    answer = json.loads(content)
    assert answer["url"] == STATUS + answer["confirmation_code"]
    return str(answer["confirmation_code"])


async def test_a_request_to_delete_becomes_a_record_and_a_code(desk: Desk) -> None:
    given = await code(desk, form())
    [record] = desk.published
    event = events.decode(record.value or b"")
    assert (record.topic, record.key) == (topics.PRIVACY, event.id.encode())
    assert (event.kind, event.app_id, event.account_id) == ("privacy.deletion_requested", "1001", None)
    moment = "2026-11-18T11:06:40.000Z"
    assert events.data_of(event) == events.PrivacyRequest("218471", given, moment)
    assert (event.occurred_at, event.time_source) == (moment, "event")
    assert dict(record.headers)["ce_source"] == b"/instagram"
    assert dict(record.headers)["ce_type"] == b"instagram.privacy.deletion_requested.v1"
    assert given.isalnum()
    assert given != event.id


async def test_the_same_request_has_the_same_code_and_record_any_other_has_not(desk: Desk) -> None:
    """Broken by a code that is random, or made of less than app, user and time."""
    same = [await code(desk, form()), await code(desk, form(b"instagram"))]
    others = [
        await code(desk, form(b"other")),
        await code(desk, form(user_id="218472")),
        await code(desk, form(issued_at=ISSUED + 1)),
    ]
    assert len({*same}) == 1
    assert len({*same, *others}) == 4
    assert len({record.key for record in desk.published}) == 4


async def test_without_a_time_the_record_has_ours(desk: Desk) -> None:
    assert await code(desk, form(issued_at=None)) == await code(desk, form(issued_at=None))
    event = events.decode(desk.published[0].value or b"")
    assert event.time_source == "delivery"
    assert abs((event.occurred - datetime.now(UTC)).total_seconds()) < 60


async def test_an_app_that_was_removed(desk: Desk) -> None:
    assert await desk.post(form(), to="deauthorize") == (200, b"")
    event = events.decode(desk.published[0].value or b"")
    assert (event.kind, events.data_of(event).user_id) == ("privacy.app_deauthorized", "218471")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"signed_request=",
        b"signed_request=a.b",
        b"other=1",
        b"\xff",
        b"a=1&" * 100,
        form(b"stranger"),
        form(algorithm="none"),
        form(expires=1),
        form()[:-3],
    ],
    ids=lambda body: repr(body)[:30],
)
@pytest.mark.parametrize("to", ["deletion", "deauthorize"])
async def test_what_is_not_believed_is_refused(desk: Desk, body: bytes, to: str) -> None:
    assert await desk.post(body, to=to) == (400, b"")
    assert desk.published == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (FORM + b"; charset=UTF-8", 200),
        (None, 200),
        (b"application/json", 415),
        (b"multipart/form-data", 415),
    ],
)
async def test_only_a_form_is_read(desk: Desk, content_type: bytes | None, status: int) -> None:
    assert (await desk.post(form(), content_type=content_type))[0] == status


async def test_a_form_of_that_size_is_none(desk: Desk) -> None:
    assert (await desk.post(form() + b"&x=" + b"x" * 20_000))[0] == 413


@pytest.mark.parametrize("to", ["deletion", "deauthorize"])
async def test_what_kafka_has_not_got_is_not_answered(desk: Desk, to: str) -> None:
    desk.failure = PublishFailed("late")
    assert (await desk.post(form(), to=to))[0] == 503
    desk.failure = None
    assert (await desk.post(form(), to=to))[0] == 200
