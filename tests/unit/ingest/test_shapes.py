"""Each shape of a message (platform.md 1.4, 1.7), and the event it makes; times, ids and raw of any event."""

from typing import Any

import msgspec
import pytest
from deliveries import CUSTOMER, SENT, SENT_MS, body, entry, incoming, outgoing, text
from readings import Case, data, read

from kaiwa.contracts import events
from kaiwa.meta.wire import dump


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
        "mentioned in a story",
        attached({"type": "story_mention", "payload": {"url": "https://cdn/s?sig=1"}}),
        "message.received",
        received(attachments=[{"type": "story_mention", "url": "https://cdn/s?sig=1"}]),
    ),
    Case(
        "a carousel, of which Meta tells the first slide only",
        attached({"type": "ig_post", "payload": {"ig_post_media_id": "17", "url": "https://cdn/slide1"}}),
        "message.received",
        received(attachments=[{"type": "ig_post", "url": "https://cdn/slide1", "id": "17"}]),
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
        "reply to oneself",
        message(text="yes", reply_to={"mid": "m0", "is_self_reply": True}),
        "message.received",
        received(text="yes", reply_to={"mid": "m0", "is_self_reply": True}),
    ),
    Case(
        "reply with what nobody documented",
        message(text="yes", reply_to={"mid": "m0", "is_self_reply": False, "mood": "calm"}),
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


def test_the_customer_is_who_is_not_the_account() -> None:
    written = [
        text("m1"),
        outgoing(message={"mid": "m2", "is_echo": True}),
        outgoing(message={"mid": "m2", "is_deleted": True}),
        outgoing(message_edit={"mid": "m2", "text": "b", "num_edit": 1}),
    ]
    assert {event.customer_id for event in read(body(entry(*written)))} == {CUSTOMER}


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


@pytest.mark.parametrize(("timestamp", "kept"), [(SENT_MS, False), (str(SENT_MS), True), (1527459824, True)])
def test_a_time_that_is_not_in_milliseconds_is_kept_as_it_came(timestamp: Any, kept: bool) -> None:
    [event] = read(body(entry(text("m1", at=timestamp))))
    assert (event.raw != events.NOTHING) is kept


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
