"""What is refused from the request alone: a table of bad input, and what passes."""

import re
from typing import Any

import pytest

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import (
    Author,
    Cancel,
    Media,
    MediaShare,
    Message,
    ReactionTo,
    Recipient,
    ReplyTo,
    SendRequest,
    ThreadControl,
)
from kaiwa.dispatcher.core.intake import fault, registry_fault, tag_fault

URL = Media(url="https://shop.example/1.jpg")
REPLY = {"content_type": "text", "title": "t" * 20, "payload": "p" * 1000}
LINK = {"type": "web_url", "title": "Open", "url": "https://shop.example"}
TAP = {"type": "postback", "title": "t" * 20, "payload": "p" * 1000}
ELEMENT: dict[str, Any] = {
    "title": "t" * 80,
    "subtitle": "s" * 80,
    "image_url": "https://shop.example/1.jpg",
    "default_action": {"type": "web_url", "url": "https://shop.example"},
    "buttons": [LINK, TAP, LINK],
}
GENERIC: dict[str, Any] = {"template_type": "generic", "elements": [ELEMENT] * 10}
BUTTON: dict[str, Any] = {"template_type": "button", "text": "t" * 640, "buttons": [LINK, TAP, TAP]}


def replies(*given: Any) -> dict[str, Any]:
    return {"message": Message(text="a", quick_replies=given)}


def template(of: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"message": Message(template={**of, **fields})}


def control(action: Any, **fields: Any) -> dict[str, Any]:
    asked = ThreadControl(action, **fields) if action else None
    return {"kind": "thread_control", "message": None, "thread_control": asked}


def element(**fields: Any) -> dict[str, Any]:
    return template(GENERIC, elements=[ELEMENT, {**ELEMENT, **fields}])


def request(**fields: Any) -> SendRequest:
    usual: dict[str, Any] = {
        "request_id": "r1",
        "account_id": "1784",
        "recipient": Recipient("1111"),
        "author": Author("automation"),
        "message": Message(text="hello"),
    }
    return SendRequest(**(usual | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"message": Message(text="x" * 20_000)},
        {"message": Message(images=(URL,))},
        {"message": Message(images=(Media(attachment_id="77"),))},
        {"expires_at": "2026-11-22T10:00:00.000Z", "not_before": "2026-11-22T10:00:00+09:00"},
        {"message": Message(text="a", quick_replies=(REPLY,) * 13)},
        {"message": Message(images=(URL, Media(attachment_id="77")) * 5)},
        {"message": Message(images=(Media("https://shop.example/picture?size=2"),))},
        {"message": Message(audio=Media("https://shop.example/a.m4a"))},
        {"message": Message(video=Media("https://shop.example/a.MP4"))},
        {"message": Message(file=Media("https://shop.example/a.pdf"))},
        {"message": Message(sticker="like_heart")},
        {"message": Message(media_share=MediaShare("1"))},
        {"message": Message(template=GENERIC)},
        {"message": Message(template=BUTTON)},
        {"message": Message(template={"template_type": "product", "elements": [{"id": "1"}] * 10})},
        {"message": Message(reaction=ReactionTo("m", "love"))},
        {"message": Message(reaction=ReactionTo("m", "👩‍❤️‍💋‍👨"))},
        {"message": Message(reaction=ReactionTo("m"))},
        *({"message": Message(sender_action=word)} for word in ("typing_on", "typing_off", "mark_seen")),
        {"reply_to": ReplyTo("m")},
        {"reply_to": ReplyTo("m"), "message": Message(template=BUTTON)},
        {"reply_to": ReplyTo("m"), "message": Message(images=(URL,))},
        {"recipient": Recipient(comment_id="c")},
        {"recipient": Recipient("1111", "c"), "message": Message(template=BUTTON)},
        {"recipient": Recipient(comment_id="c"), "message": Message(text="x" * 1000)},
        {"kind": "escalate", "message": None},
        {"kind": "release", "message": None},
        {"kind": "cancel", "message": None, "cancel": Cancel("r0")},
        *(control(action) for action in ("pass", "take", "release", "request")),
        control("pass", target_app_id="1217981644879628"),
        *(control("extend", seconds=seconds) for seconds in (1, 604_800)),
    ],
)
def test_passes(fields: dict[str, Any]) -> None:
    assert fault(request(**fields)) is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"message": None}, "it has none"),
        ({"message": Message()}, "it has none"),
        ({"message": Message(text="a", images=(URL,))}, "text, images"),
        ({"message": Message(text="")}, "empty"),
        ({"message": Message(text=" \n\u3000")}, "empty"),
        ({"message": Message(text="\ud800")}, "lone surrogate"),
        ({"message": Message(text="é" * 10_001)}, "over 20000 bytes"),
        (replies(*[REPLY] * 14), "^quick_replies: .*length <= 13"),
        (replies(REPLY, {**REPLY, "title": "t" * 21}), r"^quick_replies\[1\].title: .*length <= 20"),
        (replies({**REPLY, "payload": "p" * 1001}), "payload: .*length <= 1000"),
        (replies({**REPLY, "payload": ""}), "payload: .*length >= 1"),
        (replies({**REPLY, "content_type": "user_email"}), "not offered"),
        (replies({"title": "t", "payload": "p"}), "content_type"),
        (replies("yes"), "quick_replies"),
        ({"message": Message(sticker="like_heart", quick_replies=(REPLY,))}, "text only, not with sticker"),
        ({"message": Message(images=(Media(),))}, r"images\[0\] needs either"),
        ({"message": Message(images=(Media("https://a", "77"),))}, r"images\[0\] needs either"),
        ({"message": Message(images=(Media("http://a/1.jpg"),))}, "https"),
        ({"message": Message(video=Media(attachment_id="1", reusable=True))}, "video.reusable goes with url"),
        ({"message": Message(images=(Media("file:///etc/passwd"),))}, "https"),
        ({"message": Message(images=(Media("https:///1.jpg"),))}, "https"),
        ({"message": Message(images=(Media("https://[/1.jpg"),))}, "https"),
        ({"message": Message(images=(Media("https://a/1 2.jpg"),))}, "https"),
        (
            {"message": Message(images=(URL, Media("https://a/1.webp")))},
            r"images\[1\].url: .* only gif, jpeg",
        ),
        ({"message": Message(images=(Media(attachment_id=""),))}, "attachment_id must be an id"),
        ({"message": Message(audio=Media("https://a/1.mp3"))}, "audio.url: .* only aac"),
        ({"message": Message(audio=Media())}, "audio needs either"),
        ({"message": Message(video=URL)}, "video.url: .* only avi"),
        ({"message": Message(file=Media("https://a/1.docx"))}, "file.url: .* only pdf"),
        ({"message": Message(sticker="thumbs_up")}, "like_heart"),
        ({"message": Message(media_share=MediaShare(""))}, "media_share.id"),
        ({"message": Message(reaction=ReactionTo("", "love"))}, "reaction.mid"),
        ({"message": Message(reaction=ReactionTo("m", " "))}, "name or an emoji"),
        ({"message": Message(reaction=ReactionTo("m", "x" * 33))}, "at most 32 characters"),
        ({"message": Message(reaction=ReactionTo("é"))}, "reaction.mid"),
        (template({}), "template_type"),
        (template({"template_type": "receipt"}), "not offered"),
        (template(GENERIC, elements=[]), "elements: .*length >= 1"),
        (template(GENERIC, elements=[ELEMENT] * 11), "elements: .*length <= 10"),
        (template(GENERIC, sharable=True), "not offered"),
        (element(title="t" * 81), r"elements\[1\].title: .*length <= 80"),
        (element(subtitle="t" * 81), r"elements\[1\].subtitle: .*length <= 80"),
        (element(image_url="ftp://a"), "image_url"),
        (element(buttons=[LINK] * 4), "buttons: .*length <= 3"),
        (element(default_action={"type": "postback", "url": "https://a"}), "not offered"),
        (template(GENERIC, elements=[{"title": "t"}]), "one more property"),
        (template(BUTTON, text="t" * 641), "text: .*length <= 640"),
        (template(BUTTON, buttons=[]), "buttons: .*length >= 1"),
        (template(BUTTON, buttons=[{**TAP, "title": "t" * 21}]), "title: .*length <= 20"),
        (template(BUTTON, buttons=[{**TAP, "payload": "p" * 1001}]), "payload: .*length <= 1000"),
        (template(BUTTON, buttons=[{**LINK, "type": "phone_number"}]), "not offered"),
        (template({"template_type": "product", "elements": [{"id": "1"}] * 11}), "length <= 10"),
        (template({"template_type": "product", "elements": [{"id": 1}]}), "Expected `str`"),
        (template(BUTTON, text="\ud800"), "lone surrogate"),
        ({"reply_to": ReplyTo("")}, "reply_to.mid"),
        ({"reply_to": ReplyTo("m"), "message": Message(sticker="like_heart")}, "not with sticker"),
        ({"reply_to": ReplyTo("m"), "message": Message(sender_action="typing_on")}, "not with sender_action"),
        ({"reply_to": ReplyTo("m"), "recipient": Recipient(comment_id="c")}, "answers the comment"),
        ({"recipient": Recipient(comment_id="c"), "message": Message(text="x" * 1001)}, "one message"),
        (
            {"recipient": Recipient(comment_id="c"), "message": Message(sender_action="mark_seen")},
            "is a message",
        ),
        ({"recipient": Recipient(comment_id="c"), "kind": "escalate"}, "for messages only"),
        ({"recipient": Recipient()}, "needs customer_id"),
        ({"recipient": Recipient("")}, "needs customer_id"),
        ({"kind": "cancel", "message": None}, "cancel.request_id"),
        (control(None), "thread_control is missing"),
        (control("take", target_app_id="2"), "with pass only, not with take"),
        (control("pass", target_app_id="shop"), "must be digits"),
        (control("pass", seconds=60), "goes with extend"),
        (control("extend"), "extend needs it"),
        (control("extend", seconds=0), "1 to 604800 seconds"),
        (control("extend", seconds=604_801), "1 to 604800 seconds"),
        (control("take") | {"recipient": Recipient(comment_id="c")}, "for messages only"),
        ({"expires_at": "2026-11-22T10:00:00"}, "expires_at must be"),
        ({"not_before": "tomorrow"}, "not_before must be"),
        ({"requested_at": ""}, "requested_at must be"),
        ({"expires_at": "0001-01-01T00:00:00+23:00"}, "expires_at must be"),
    ],
)
def test_bad_input_is_named(fields: dict[str, Any], says: str) -> None:
    found = fault(request(**fields))
    assert found is not None
    assert found.reason is Reason.INVALID
    assert re.search(says, found.explanation)


@pytest.mark.parametrize(
    ("fields", "default_app", "wrong"),
    [
        (control("pass", target_app_id="1001"), False, True),
        (control("pass", target_app_id="2002"), True, False),
        (control("pass"), True, True),
        (control("pass"), False, False),
        (control("take"), True, False),
        ({}, True, False),
    ],
)
def test_control_is_not_passed_to_oneself(fields: dict[str, Any], default_app: bool, wrong: bool) -> None:
    """Without a target it goes to the default app. Breaks when that is this app itself and nobody notices."""
    found = registry_fault(request(**fields), app_id="1001", default_app=default_app)
    assert (found is not None) is wrong


def test_who_chooses_the_tag_is_said() -> None:
    found = tag_fault("message.tag")
    assert found is not None
    assert (found.reason, found.field) == (Reason.INVALID, "message.tag")
    assert "the dispatcher chooses the tag" in found.explanation
    assert tag_fault(None) is None


def test_eleven_images_have_a_reason_of_their_own() -> None:
    found = fault(request(message=Message(images=(URL,) * 11)))
    assert found is not None
    assert found.reason is Reason.TOO_MANY_IMAGES


def test_what_is_wrong_is_said_without_saying_what_was_written() -> None:
    """Promise 8: an explanation goes into an outcome. Breaks when a validator's message is passed on as it is."""
    for fields in (
        template({"template_type": "canary"}),
        template(BUTTON, canary=1),
        template(BUTTON, buttons=[{**LINK, "type": "canary"}]),
        element(title="canary" * 20),
        element(image_url="canary"),
        replies({**REPLY, "content_type": "canary"}),
        {"message": Message(sticker="canary")},
        {"message": Message(images=(Media("canary"),))},
        {"message": Message(file=Media("https://canary/canary.docx"))},
        {"message": Message(reaction=ReactionTo("m", "canary" * 9))},
    ):
        found = fault(request(**fields))
        assert found is not None
        assert "canary" not in found.explanation
