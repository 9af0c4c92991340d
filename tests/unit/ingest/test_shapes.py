"""Each shape of platform.md 1.4 and 1.7, and the event it makes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from deliveries import ACCOUNT, CUSTOMER, SENT, SENT_MS, body, entry, incoming, outgoing, text

from kaiwa.contracts import events
from kaiwa.contracts.events import Event
from kaiwa.ingest.normalise import normalise
from kaiwa.meta.wire import dump

KEY = b"k" * 32
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def read(delivery: bytes, *, app_id: str = "1001", always_raw: bool = False) -> list[Event]:
    reading = normalise(delivery, app_id=app_id, received_at=NOW, id_key=KEY, always_raw=always_raw)
    assert reading.unreadable is None
    return [found.event for found in reading.found]


def data(event: Event) -> Any:
    events.data_of(event)  # what a reader does must work
    return msgspec.json.decode(event.data)


@dataclass
class Case:
    name: str
    item: Any
    kind: str
    data: dict[str, Any]
    whole: bool = True
    """Nothing was dropped, so there is no raw."""


_SENDER = {"sender": {"id": CUSTOMER}, "recipient": {"id": ACCOUNT}, "timestamp": SENT_MS}


def message(**fields: Any) -> Any:
    return incoming(message={"mid": "m1", **fields})


def attached(*attachments: Any) -> Any:
    return message(attachments=list(attachments))


def received(**fields: Any) -> dict[str, Any]:
    return {"mid": "m1", **fields}


MESSAGING = [
    Case("text", message(text="こんにちは 👋"), "message.received", received(text="こんにちは 👋")),
    Case("nothing but a mid", message(), "message.received", received()),
    Case("unsupported", message(is_unsupported=True), "message.received", received(is_unsupported=True)),
    Case(
        "image",
        attached({"type": "image", "payload": {"url": "https://cdn/x?a=1"}}),
        "message.received",
        received(attachments=[{"type": "image", "url": "https://cdn/x?a=1"}]),
    ),
    Case(
        "one shared post, two attachments",
        attached(
            {"type": "share", "payload": {"url": "https://cdn/p"}},
            {"type": "ig_post", "payload": {"ig_post_media_id": 17900, "title": "t", "url": "https://cdn/p"}},
        ),
        "message.received",
        received(
            attachments=[
                {"type": "share", "url": "https://cdn/p"},
                {"type": "ig_post", "url": "https://cdn/p", "title": "t", "id": "17900"},
            ]
        ),
    ),
    Case(
        "reel",
        attached({"type": "ig_reel", "payload": {"reel_video_id": "18", "title": "r", "url": "https://i/r"}}),
        "message.received",
        received(attachments=[{"type": "ig_reel", "url": "https://i/r", "title": "r", "id": "18"}]),
    ),
    Case(
        "story",
        attached(
            {"type": "ig_story", "payload": {"story_media_id": "9", "story_media_url": "https://cdn/s"}}
        ),
        "message.received",
        received(attachments=[{"type": "ig_story", "url": "https://cdn/s", "id": "9"}]),
    ),
    Case(
        "view once, without payload",
        attached({"type": "ephemeral"}),
        "message.received",
        received(attachments=[{"type": "ephemeral"}]),
    ),
    Case(
        "template with an empty payload",
        attached({"type": "template", "payload": {}}),
        "message.received",
        received(attachments=[{"type": "template"}]),
    ),
    Case(
        "template with elements",
        attached({"type": "template", "payload": {"generic": {"elements": [{"title": "a"}]}}}),
        "message.received",
        received(attachments=[{"type": "template", "payload": {"generic": {"elements": [{"title": "a"}]}}}]),
    ),
    Case(
        "a type nobody has heard of",
        attached({"type": "hologram", "payload": {"beams": 3}}),
        "message.received",
        received(attachments=[{"type": "hologram", "payload": {"beams": 3}}]),
    ),
    Case(
        "an attachment that is none costs itself only",
        attached(5, {"type": "image", "payload": {"url": "https://cdn/x"}}),
        "message.received",
        received(attachments=[{"type": "image", "url": "https://cdn/x"}]),
        whole=False,
    ),
    Case(
        "reply",
        message(text="yes", reply_to={"mid": "m0"}),
        "message.received",
        received(text="yes", reply_to={"mid": "m0"}),
    ),
    Case(
        "reply with what nobody documented",
        message(text="yes", reply_to={"mid": "m0", "is_self_reply": False}),
        "message.received",
        received(text="yes", reply_to={"mid": "m0"}),
        whole=False,
    ),
    Case(
        "story reply",
        message(text="wow", reply_to={"story": {"id": "5", "url": "https://cdn/s"}}),
        "message.received",
        received(text="wow", reply_to={"story": {"id": "5", "url": "https://cdn/s"}}),
    ),
    Case(
        "quick reply",
        message(text="Yes", quick_reply={"payload": "YES"}),
        "message.received",
        received(text="Yes", quick_reply={"payload": "YES"}),
    ),
    Case(
        "from an ad",
        message(text="Hi", referral={"ref": "r", "ad_id": "120", "source": "ADS", "type": "OPEN_THREAD"}),
        "message.received",
        received(text="Hi", referral={"ref": "r", "ad_id": "120", "source": "ADS", "type": "OPEN_THREAD"}),
    ),
    Case(
        "a wrong type costs the field, not the message",
        message(text=5, quick_reply={"payload": "YES"}),
        "message.received",
        received(quick_reply={"payload": "YES"}),
        whole=False,
    ),
    Case(
        "an unknown field",
        message(text="a", mood="calm"),
        "message.received",
        received(text="a"),
        whole=False,
    ),
    Case("null is absent", message(text="a", attachments=None), "message.received", received(text="a")),
    Case(
        "echo",
        outgoing(message={"mid": "m1", "text": "We do", "is_echo": True, "app_id": 1217981644879628}),
        "message.echoed",
        received(text="We do", app_id="1217981644879628"),
    ),
    Case(
        "test message to oneself",
        outgoing(message={"mid": "m1", "text": "a", "is_echo": True, "is_self": True}),
        "message.echoed",
        received(text="a", is_self=True),
    ),
    Case("unsend", message(is_deleted=True), "message.unsent", {"mid": "m1"}),
    Case(
        "unsend of an echo",
        outgoing(message={"mid": "m1", "is_deleted": True, "is_echo": True}),
        "message.unsent",
        {"mid": "m1"},
    ),
    Case(
        "edit",
        incoming(message_edit={"mid": "m1", "text": "b", "num_edit": 1}),
        "message.edited",
        {"mid": "m1", "text": "b", "num_edit": 1},
    ),
    Case(
        "edit, counted in text",
        incoming(message_edit={"mid": "m1", "text": "b", "num_edit": "2"}),
        "message.edited",
        {"mid": "m1", "text": "b", "num_edit": 2},
    ),
    Case("edit 0 without text", incoming(message_edit={"mid": "m1", "num_edit": 0}), "unknown", {}),
    Case(
        "reaction",
        incoming(reaction={"mid": "m1", "action": "react", "reaction": "love", "emoji": "❤️"}),
        "reaction.added",
        {"mid": "m1", "reaction": "love", "emoji": "❤️"},
    ),
    Case(
        "reaction removed",
        incoming(reaction={"mid": "m1", "action": "unreact"}),
        "reaction.removed",
        {"mid": "m1"},
    ),
    Case("reaction without action", incoming(reaction={"mid": "m1"}), "unknown", {}),
    Case("seen", incoming(read={"mid": "m1"}), "message.seen", {"mid": "m1"}),
    Case("Messenger's read with a watermark", incoming(read={"watermark": SENT_MS}), "unknown", {}),
    Case(
        "postback",
        incoming(postback={"mid": "m1", "title": "Start", "payload": "GO"}),
        "postback.received",
        {"title": "Start", "mid": "m1", "payload": "GO"},
    ),
    Case(
        "postback before v11, from an ig.me link",
        incoming(postback={"title": "Start", "payload": "GO", "referral": {"ref": "qr_7"}}),
        "postback.received",
        {"title": "Start", "payload": "GO", "referral": {"ref": "qr_7"}},
    ),
    Case(
        "postback in standby", incoming(postback={"title": "Start"}), "postback.received", {"title": "Start"}
    ),
    Case("referral", incoming(referral={"ref": "x"}), "unknown", {}),
    Case("message without mid", incoming(message={"text": "a"}), "unknown", {}),
    Case("message from nobody", {"message": {"mid": "m1", "text": "a"}}, "unknown", {}),
    Case("not an object", [5], "unknown", {}),
]


@pytest.mark.parametrize("stream", ["messaging", "standby"])
@pytest.mark.parametrize("case", MESSAGING, ids=lambda case: case.name)
def test_messaging(case: Case, stream: str) -> None:
    [event] = read(body(entry(case.item, stream=stream)))
    assert (event.kind, data(event), event.stream) == (case.kind, case.data, stream)
    if case.kind == "unknown" or not case.whole:
        assert msgspec.json.decode(event.raw) == case.item
    else:
        assert event.raw == events.NOTHING


COMMENT = {
    "from": {"id": "55", "username": "u"},
    "text": "Nice",
    "media": {"id": "9", "media_product_type": "FEED"},
}
_COMMENTED = {"comment_id": "c1", "text": "Nice", "username": "u", "media": COMMENT["media"]}

CHANGES = [
    Case("comment", {"field": "comments", "value": {"id": "c1", **COMMENT}}, "comment.received", _COMMENTED),
    Case(
        "comment as documented",
        {"field": "comments", "value": {"comment_id": "c1", "parent_id": "c0", **COMMENT}},
        "comment.received",
        {**_COMMENTED, "parent_id": "c0"},
    ),
    Case(
        "comment of its own",
        {"field": "comments", "value": {"id": "c1", "from": {"id": ACCOUNT}, "text": "Thanks"}},
        "comment.received",
        {"comment_id": "c1", "text": "Thanks", "is_own": True},
    ),
    Case("comment without text", {"field": "comments", "value": {"id": "c1"}}, "comment.received", {"comment_id": "c1"}),
    Case("comment without id", {"field": "comments", "value": {"text": "a"}}, "unknown", {}),
    Case("mention", {"field": "mentions", "value": {"media_id": "9"}}, "unknown", {}),
    Case("a field that is no word", {"field": 5, "value": {}}, "unknown", {}),
    Case("a value that is no object", {"field": "comments", "value": "x"}, "unknown", {}),
]  # fmt: skip


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.name)
def test_changes_and_the_flat_form_say_the_same(case: Case) -> None:
    [event] = read(body(entry(case.item, stream="changes")))
    [flat] = read(body({"id": ACCOUNT, "time": SENT_MS, **case.item}))
    for seen in (event, flat):
        assert (seen.kind, data(seen), seen.stream) == (case.kind, case.data, "changes")
        assert seen.time_source == "delivery"
        assert msgspec.json.decode(seen.raw) == (case.item if case.kind == "unknown" else None)
    assert event.id == flat.id


def test_the_customer_is_who_is_not_the_account() -> None:
    written = [
        text("m1"),
        outgoing(message={"mid": "m2", "is_echo": True}),
        outgoing(message={"mid": "m2", "is_deleted": True}),
        outgoing(message_edit={"mid": "m2", "text": "b", "num_edit": 1}),
    ]
    assert {event.customer_id for event in read(body(entry(*written)))} == {CUSTOMER}


def test_a_comments_customer_is_its_author() -> None:
    [event] = read(body(entry({"field": "comments", "value": {"id": "c1", **COMMENT}}, stream="changes")))
    assert event.customer_id == "55"


@pytest.mark.parametrize(
    ("timestamp", "delivered", "expected", "source"),
    [
        (SENT_MS, SENT_MS + 5, SENT, "event"),
        (str(SENT_MS), 0, SENT, "event"),
        ("1527459824", 0, "2018-05-27T22:23:44.000Z", "event"),
        (1527459824, 0, "2018-05-27T22:23:44.000Z", "event"),
        (None, SENT_MS, SENT, "delivery"),
        ("soon", 1520622968, "2018-03-09T19:16:08.000Z", "delivery"),
        (10**30, None, "2026-11-22T10:00:00.000Z", "delivery"),
    ],
)
def test_times(timestamp: Any, delivered: Any, expected: str, source: str) -> None:
    [event] = read(body(entry(text("m1", at=timestamp), time=delivered)))
    assert (event.occurred_at, event.time_source) == (expected, source)


def test_ids_are_text_whatever_they_came_as() -> None:
    item = {**text("m1"), "sender": {"id": 1111}, "recipient": {"id": 1784}}
    [event] = read(body(entry(item, account=1784)))
    assert (event.account_id, event.customer_id) == ("1784", "1111")


def test_raw_always_but_never_of_what_was_taken_back() -> None:
    spoken, unsent = read(
        body(entry(text("m1"), incoming(message={"mid": "m1", "is_deleted": True, "text": "secret"}))),
        always_raw=True,
    )
    assert msgspec.json.decode(spoken.raw) == text("m1")
    assert b"secret" not in events.encode(unsent)


def test_another_app_or_account_makes_another_event() -> None:
    one = body(entry(text("m1")))
    ids = {read(one)[0].id, read(one, app_id="1002")[0].id, read(body(entry(text("m1"), account="2")))[0].id}
    assert len(ids) == 3


def test_the_wire_form_is_understood() -> None:
    assert b"\\u3053" in dump(text("m1", "こ"))
    assert data(read(body(entry(text("m1", "こ / \U0001f44b"))))[0])["text"] == "こ / \U0001f44b"
