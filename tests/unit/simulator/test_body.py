"""The strict check of a Send body, row by row (platform notes, sections 2.1 and 2.2)."""

from typing import Any

import pytest

from kaiwa.simulator.body import parse_send
from kaiwa.simulator.errors import Refusal, Rule

TO = {"recipient": {"id": "1234567890123456"}}
REPLY = {"recipient": {"comment_id": "17900000000000001"}}
IMAGE = {"type": "image", "payload": {"url": "https://cdn.example/a.png"}}
TEXT = {"message": {"text": "Yes, 3 left."}}


def attach(kind: str, **payload: Any) -> dict[str, Any]:
    return {"message": {"attachment": {"type": kind, "payload": payload}}}


def quick(*replies: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"text": "Which?", "quick_replies": list(replies)}}


BLUE = {"content_type": "text", "title": "Blue", "payload": "blue"}
BUTTON = {"type": "postback", "title": "Buy", "payload": "buy"}

ACCEPTED: list[tuple[dict[str, Any], str, str]] = [
    ({**TO, **TEXT}, "text", "text"),
    ({**TO, **TEXT, "messaging_type": "RESPONSE"}, "text", "text"),
    ({**TO, **TEXT, "messaging_type": "UPDATE"}, "text", "text"),
    ({**TO, **TEXT, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, "text", "text"),
    ({**TO, **TEXT, "reply_to": {"mid": "aWdfZAG1"}}, "text", "text"),
    ({**REPLY, **TEXT}, "text", "text"),
    ({**TO, "message": {"text": "あ" * 333 + "a"}}, "text", "text"),
    ({**TO, **quick(*[BLUE] * 13)}, "text", "text"),
    ({**TO, "message": {"attachment": IMAGE}}, "media", "media"),
    ({**TO, **attach("image", url="https://cdn.example/a", is_reusable=True)}, "media", "media"),
    ({**TO, **attach("image", attachment_id="77")}, "media", "media"),
    ({**TO, **attach("video", url="https://cdn.example/a.mp4?x=1")}, "media", "media"),
    ({**TO, **attach("file", url="https://cdn.example/a.PDF")}, "media", "media"),
    ({**TO, "message": {"attachments": [IMAGE] * 10}}, "media", "media"),
    ({**TO, "message": {"attachment": {"type": "like_heart"}}}, "sticker", "text"),
    ({**TO, **attach("MEDIA_SHARE", id="179")}, "share", "text"),
    ({**TO, **attach("template", template_type="button", text="Buy?", buttons=[BUTTON])}, "template", "text"),
    ({**TO, **attach("template", template_type="product", elements=[{"id": "1"}])}, "template", "text"),
    (
        {**TO, **attach("template", template_type="generic", elements=[{"title": "A", "buttons": [BUTTON]}])},
        "template",
        "text",
    ),
    ({**TO, "sender_action": "typing_on"}, "action", "text"),
    ({**TO, "sender_action": "MARK_SEEN"}, "action", "text"),
    (
        {**TO, "sender_action": "react", "payload": {"message_id": "m", "reaction": "love"}},
        "reaction",
        "text",
    ),
    ({**TO, "sender_action": "unreact", "payload": {"message_id": "m"}}, "reaction", "text"),
]


@pytest.mark.parametrize(("body", "kind", "rate"), ACCEPTED)
def test_accepted(body: dict[str, Any], kind: str, rate: str) -> None:
    send = parse_send(body)
    assert (send.kind, send.rate) == (kind, rate)


REFUSED: list[tuple[Any, Rule, int | None]] = [
    (None, Rule.BODY, None),
    ([], Rule.BODY, None),
    ({}, Rule.BODY, None),
    ({**TO}, Rule.BODY, None),
    ({**TEXT}, Rule.BODY, None),
    ({**TEXT, "recipient": {"id": 1234567890123456}}, Rule.BODY, None),
    ({**TEXT, "recipient": {"id": ""}}, Rule.BODY, None),
    ({**TEXT, "recipient": {"id": "1", "comment_id": "2"}}, Rule.BODY, None),
    ({**TO, **TEXT, "idempotency_key": "x"}, Rule.BODY, None),
    ({**TO, **TEXT, "payload": {}}, Rule.BODY, None),
    ({**TO, **TEXT, "sender_action": "typing_on"}, Rule.BODY, 2018014),
    ({**TO, "sender_action": "typing_on", "messaging_type": "RESPONSE"}, Rule.BODY, 2018014),
    ({**TO, "sender_action": "typing_on", "payload": {}}, Rule.BODY, 2018014),
    ({**TO, "sender_action": "wave"}, Rule.BODY, None),
    ({**TO, "sender_action": "react", "payload": {"message_id": "m"}}, Rule.BODY, None),
    ({**TO, "sender_action": "unreact", "payload": {"message_id": "m", "reaction": "love"}}, Rule.BODY, None),
    ({**REPLY, "sender_action": "typing_on"}, Rule.BODY, None),
    ({**TO, "message": {}}, Rule.BODY, None),
    ({**TO, "message": {"text": ""}}, Rule.BODY, None),
    ({**TO, "message": {"text": " \n"}}, Rule.BODY, None),
    ({**TO, "message": {"text": 5}}, Rule.BODY, None),
    ({**TO, "message": {"text": "\ud83d"}}, Rule.BODY, None),
    ({**TO, "message": {"text": "a" * 1001}}, Rule.SIZE, None),
    ({**TO, "message": {"text": "あ" * 334}}, Rule.SIZE, None),
    ({**TO, "message": {"text": "a", "attachment": IMAGE}}, Rule.BODY, None),
    ({**TO, "message": {"text": "a", "metadata": "x"}}, Rule.BODY, None),
    ({**TO, "message": {"attachment": IMAGE, "quick_replies": [BLUE]}}, Rule.BODY, None),
    ({**TO, **quick()}, Rule.SIZE, None),
    ({**TO, **quick(*[BLUE] * 14)}, Rule.SIZE, None),
    ({**TO, **quick({"content_type": "user_email"})}, Rule.BODY, None),
    ({**TO, **quick(BLUE | {"payload": "p" * 1001})}, Rule.SIZE, None),
    ({**TO, "message": {"attachments": [IMAGE] * 11}}, Rule.SIZE, 2534015),
    ({**TO, "message": {"attachments": []}}, Rule.SIZE, 2534015),
    ({**TO, "message": {"attachments": [IMAGE, IMAGE | {"type": "video"}]}}, Rule.BODY, 2534015),
    ({**TO, **attach("image", url="http://cdn.example/a.png")}, Rule.BODY, 2018008),
    ({**TO, **attach("image", url="https://cdn.example/a.mp3")}, Rule.BODY, 2018047),
    ({**TO, **attach("image", url="https://a/b.png", attachment_id="77")}, Rule.BODY, 2534015),
    ({**TO, **attach("gif", url="https://a/b.gif")}, Rule.BODY, 2534015),
    ({**TO, **attach("like_heart")}, Rule.BODY, 2534015),
    ({**TO, **attach("template", template_type="list")}, Rule.BODY, 2534015),
    ({**TO, **attach("template", template_type="generic", elements=[{"title": "A"}])}, Rule.BODY, 2534015),
    (
        {
            **TO,
            **attach("template", template_type="generic", elements=[{"title": "A" * 81, "subtitle": "b"}]),
        },
        Rule.SIZE,
        2534015,
    ),
    ({**TO, **attach("template", template_type="generic", elements=[])}, Rule.SIZE, 2534015),
    (
        {**TO, **attach("template", template_type="button", text="a" * 641, buttons=[BUTTON])},
        Rule.SIZE,
        2534015,
    ),
    (
        {**TO, **attach("template", template_type="button", text="a", buttons=[BUTTON] * 4)},
        Rule.SIZE,
        2534015,
    ),
    ({**TO, **attach("template", template_type="button", text="a", buttons=[{}])}, Rule.BODY, 2534015),
    ({**TO, **attach("template", template_type="product", elements=[{}])}, Rule.BODY, 2534015),
    ({**TO, **TEXT, "messaging_type": "UTILITY"}, Rule.TAG, None),
    ({**TO, **TEXT, "messaging_type": "MESSAGE_TAG"}, Rule.TAG, None),
    ({**TO, **TEXT, "tag": "HUMAN_AGENT"}, Rule.TAG, None),
    ({**TO, **TEXT, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, Rule.TAG, None),
    ({**REPLY, **TEXT, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, Rule.TAG, None),
    ({**TO, **TEXT, "reply_to": "m"}, Rule.BODY, None),
    ({**REPLY, **TEXT, "reply_to": {"mid": "m"}}, Rule.BODY, None),
    ({**TO, **TEXT, "thread_control": {"control_type": "take"}}, Rule.BODY, None),
]


@pytest.mark.parametrize(("body", "rule", "subcode"), REFUSED)
def test_refused(body: Any, rule: Rule, subcode: int | None) -> None:
    with pytest.raises(Refusal) as refused:
        parse_send(body)
    error = refused.value.error
    assert (error.rule, error.code, error.subcode) == (rule, 100, subcode)
