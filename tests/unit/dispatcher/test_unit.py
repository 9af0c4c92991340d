"""Messages as the platform's own bodies, and in which order pieces leave with a disclosure due at any time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from kaiwa.contracts.sends import Media, MediaShare, Message, ReactionTo, ReplyTo
from kaiwa.dispatcher.core.unit import (
    Attached,
    Content,
    Gesture,
    Next,
    Text,
    body,
    contents,
    next_message,
    reusable,
    with_uploads,
)
from kaiwa.simulator.body import parse_send

URL = Media(url="https://shop.example/media?of=1")
STORED = Media(attachment_id="77")
BY_URL = {"type": "image", "payload": {"url": URL.url}}
BY_ID = {"type": "image", "payload": {"attachment_id": "77"}}
BUTTONS = [{"type": "postback", "title": "Yes", "payload": "Y"}]
TEMPLATE = {"template_type": "button", "text": "Sure?", "buttons": BUTTONS}
REPLY = {"content_type": "text", "title": "Yes", "payload": "Y"}


def attached(attachment: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"attachment": attachment}}


def fetched(kind: str) -> dict[str, Any]:
    return attached({"type": kind, "payload": {"url": URL.url}})


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        (Message(text="hello"), [("text", {"message": {"text": "hello"}})]),
        (
            Message(text="x" * 1001, quick_replies=(REPLY,)),
            [
                ("text", {"message": {"text": "x" * 1000}}),
                ("text", {"message": {"text": "x", "quick_replies": [REPLY]}}),
            ],
        ),
        (Message(images=(URL,)), [("image", attached(BY_URL))]),
        (Message(images=(URL, STORED)), [("image", {"message": {"attachments": [BY_URL, BY_ID]}})]),
        (Message(audio=URL), [("audio", fetched("audio"))]),
        (Message(video=URL), [("video", fetched("video"))]),
        (Message(file=URL), [("file", fetched("file"))]),
        (Message(sticker="like_heart"), [("sticker", attached({"type": "like_heart"}))]),
        (
            Message(media_share=MediaShare("9")),
            [("share", attached({"type": "MEDIA_SHARE", "payload": {"id": "9"}}))],
        ),
        (Message(template=TEMPLATE), [("template", attached({"type": "template", "payload": TEMPLATE}))]),
        (
            Message(reaction=ReactionTo("m1", "love")),
            [("reaction", {"sender_action": "react", "payload": {"message_id": "m1", "reaction": "love"}})],
        ),
        (
            Message(reaction=ReactionTo("m1")),
            [("reaction", {"sender_action": "unreact", "payload": {"message_id": "m1"}})],
        ),
        (Message(sender_action="typing_on"), [("action", {"sender_action": "typing_on"})]),
    ],
)
def test_every_kind_is_the_platforms_own_body(
    message: Message, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """By hand from platform.md 2.1, 2.2; the simulator's strict check takes each one."""
    pieces = contents(message, None)
    assert [(piece.kind, piece.parameters()) for piece in pieces] == calls
    for piece in pieces:
        parse_send(body(piece, customer_id="1", comment_id=None, tag=None))


def test_the_first_piece_alone_is_the_answer() -> None:
    """Breaks when every piece of a long text answers, or the disclosure in front of it does."""
    pieces = contents(Message(text="x" * 1001), ReplyTo("m1"))
    assert [piece.parameters().get("reply_to") for piece in pieces] == [{"mid": "m1"}, None]
    assert next_message(pieces, 0, "I am").content.parameters() == {"message": {"text": "I am"}}
    joined = next_message(contents(Message(text="a"), ReplyTo("m1")), 0, "I am").content
    assert joined.parameters() == {"message": {"text": "I am\n\na"}, "reply_to": {"mid": "m1"}}
    assert contents(Message(template=TEMPLATE), ReplyTo("m1"))[0].parameters()["reply_to"] == {"mid": "m1"}


TO = {"recipient": {"id": "1"}}
TAGGED = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
SAID = {"message": {"text": "a"}}


@pytest.mark.parametrize(
    ("content", "comment_id", "tag", "expected"),
    [
        (Text("a"), None, None, {**TO, "messaging_type": "RESPONSE", **SAID}),
        (Text("a"), None, "HUMAN_AGENT", {**TO, **TAGGED, **SAID}),
        (Text("a"), "c", None, {"recipient": {"comment_id": "c"}, **SAID}),
        (Gesture("action", "mark_seen"), None, None, {**TO, "sender_action": "mark_seen"}),
    ],
)
def test_body(content: Content, comment_id: str | None, tag: Any, expected: dict[str, Any]) -> None:
    """Breaks when a typing sign does not travel alone, or a private reply names the customer, too."""
    made = body(content, customer_id="1", comment_id=comment_id, tag=tag)
    assert made == expected
    parse_send(made)


PICTURE = Attached("image", {"attachment": BY_URL})


@pytest.mark.parametrize(
    ("pieces", "sent", "disclosure", "expected"),
    [
        ([Text("a"), Text("b")], 0, None, Next(Text("a"), 0, None)),
        ([Text("a"), Text("b")], 1, None, Next(Text("b"), 1, None)),
        ([Text("a")], 0, "I am", Next(Text("I am\n\na"), 0, "prefix")),
        ([Text("a"), Text("b")], 1, "I am", Next(Text("I am\n\nb"), 1, "prefix")),
        ([Text("x" * 994)], 0, "I am", Next(Text("I am\n\n" + "x" * 994), 0, "prefix")),
        ([Text("x" * 995)], 0, "I am", Next(Text("I am"), None, "own")),
        ([Text("é" * 498)], 0, "I am", Next(Text("I am"), None, "own")),
        ([PICTURE], 0, "I am", Next(Text("I am"), None, "own")),
        ([PICTURE], 0, None, Next(PICTURE, 0, None)),
    ],
)
def test_next_message(pieces: list[Content], sent: int, disclosure: str | None, expected: Next) -> None:
    """Promise 7, to the byte. Breaks when the limit is counted without the separator, or when media goes undisclosed."""
    assert next_message(pieces, sent, disclosure) == expected


def said(of: Content) -> str:
    return of.text if isinstance(of, Text) else ""


content = st.sampled_from([PICTURE, Text("short"), Text("x" * 1000), Text("店" * 300)])


@given(
    pieces=st.lists(content, min_size=1, max_size=6),
    due_before=st.lists(st.booleans(), max_size=12),
    disclosure=st.sampled_from(["I am", "店" * 200]),
)
def test_each_piece_goes_once_whenever_a_disclosure_falls_due(
    pieces: list[Content], due_before: list[bool], disclosure: str
) -> None:
    """Promises 3 and 7: whatever was due before a call, nothing goes undisclosed, twice, or not at all. Breaks when a
    disclosure of its own counts as a piece, or when a joined one does not.
    """
    pattern, owed, sent, covered = list(due_before), False, 0, []
    for _ in range(len(pieces) + len(due_before) + 1):
        if sent == len(pieces):
            break
        owed = owed or (pattern.pop(0) if pattern else False)
        message = next_message(pieces, sent, disclosure if owed else None)
        assert len(said(message.content).encode()) <= 1000
        assert (message.placement is not None) is owed
        assert message.placement is None or disclosure in said(message.content)
        owed = False  # it was delivered
        if message.covers is not None:
            covered.append(message.covers)
            sent = message.covers + 1
    assert covered == list(range(len(pieces)))


def test_reusable_media_is_found_and_named() -> None:
    """Breaks when an address that is not reusable is replaced, or a missing id leaves nothing to send."""
    one, other = Media("https://a/1.png", reusable=True), Media("https://a/1.png")
    message = Message(images=(one, other, Media(attachment_id="5")))
    assert reusable(message) == [("image", "https://a/1.png")]
    ids = {("image", "https://a/1.png"): "77"}
    assert with_uploads(message, ids).images == (Media(attachment_id="77"), other, Media(attachment_id="5"))
    assert with_uploads(message, {}) == message
    for kind in ("audio", "video", "file"):
        single = structs.replace(Message(), **{kind: one})
        assert reusable(single) == [(kind, "https://a/1.png")]
        found = with_uploads(single, {(kind, "https://a/1.png"): "77"})
        assert getattr(found, kind) == Media(attachment_id="77")
    assert reusable(Message(text="https://a/1.png")) == []
