"""What is refused from the request alone: a table of bad input, and what passes."""

import re
from typing import Any

import pytest
from moments import HOUR, NOON

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
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.core.intake import addressable, due_at, fault

URL = Media(url="https://shop.example/1.jpg")


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
        {"kind": "escalate", "message": None},
        {"kind": "release", "message": None},
        {"kind": "cancel", "message": None, "cancel": Cancel("r0")},
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
        ({"message": Message(text="a", quick_replies=({},))}, "quick_replies"),
        ({"message": Message(images=(URL, URL))}, "send one"),
        ({"message": Message(images=(Media(),))}, r"images\[0\] needs either"),
        ({"message": Message(images=(Media("https://a", "77"),))}, r"images\[0\] needs either"),
        ({"message": Message(images=(Media("http://a/1.jpg"),))}, "https"),
        ({"message": Message(images=(Media("file:///etc/passwd"),))}, "https"),
        ({"message": Message(audio=URL)}, "audio is not offered yet"),
        ({"message": Message(template={})}, "template is not offered yet"),
        ({"message": Message(sticker="like_heart")}, "sticker is not offered yet"),
        ({"message": Message(media_share=MediaShare("1"))}, "media_share is not offered yet"),
        ({"message": Message(reaction=ReactionTo("m"))}, "reaction is not offered yet"),
        ({"message": Message(sender_action="typing_on")}, "sender_action is not offered yet"),
        ({"recipient": Recipient()}, "customer_id is missing"),
        ({"recipient": Recipient("")}, "customer_id is missing"),
        ({"recipient": Recipient(comment_id="c")}, "customer_id is missing"),
        ({"reply_to": ReplyTo("m")}, "reply_to"),
        ({"kind": "cancel", "message": None}, "cancel.request_id"),
        ({"kind": "thread_control", "thread_control": ThreadControl("take")}, "thread control"),
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


@pytest.mark.parametrize(("count", "reason"), [(10, Reason.INVALID), (11, Reason.TOO_MANY_IMAGES)])
def test_images(count: int, reason: Reason) -> None:
    found = fault(request(message=Message(images=(URL,) * count)))
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize(
    ("name", "sane"),
    [
        ("r1", True),
        ("x" * 200, True),
        ("", False),
        ("x" * 201, False),
        ("a b", False),
        ("a\n", False),
        ("é", False),
    ],
)
@pytest.mark.parametrize("field", ["request_id", "account_id", "recipient"])
def test_addressable(field: str, name: str, sane: bool) -> None:
    """Ids go into keys, headers and rows. Breaks when one of the three is not looked at, or ``match`` replaces
    ``fullmatch``. An empty recipient is a fault with a reason, not poison.
    """
    value: Any = Recipient(name) if field == "recipient" else name
    assert addressable(request(**{field: value})) is (sane or (field == "recipient" and not name))


def test_a_request_without_a_customer_can_still_be_answered() -> None:
    assert addressable(request(recipient=Recipient(comment_id="c")))


@pytest.mark.parametrize(
    ("not_before", "due"),
    [(None, NOON), (rfc3339(NOON - HOUR), NOON), (rfc3339(NOON + HOUR), NOON + HOUR)],
)
def test_due_at(not_before: str | None, due: Any) -> None:
    assert due_at(request(not_before=not_before), NOON) == due
