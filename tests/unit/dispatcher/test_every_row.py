"""Every row of the platform's table of kinds (platform.md 2.2, 2.4): what intake takes, the platform takes; one step beyond
each limit intake refuses, and where the simulator can see it, so does the platform.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from kaiwa.contracts.sends import (
    Author,
    Media,
    MediaShare,
    Message,
    ReactionTo,
    Recipient,
    ReplyTo,
    SendRequest,
)
from kaiwa.dispatcher.core import limits
from kaiwa.dispatcher.core.intake import fault
from kaiwa.dispatcher.core.unit import body, contents
from kaiwa.simulator.body import parse_send
from kaiwa.simulator.errors import Refusal

CUSTOMER = Recipient("1111")
COMMENT = Recipient(comment_id="1789")
WEB = "https://shop.example/media"
REPLY = {"content_type": "text", "title": "x" * 20, "payload": "p" * 1000}
LINK = {"type": "web_url", "title": "x" * 20, "url": WEB}
ELEMENT = {"title": "t" * 80, "subtitle": "s" * 80, "buttons": [LINK] * 3}


@dataclass(frozen=True)
class Row:
    """`beyond`: what intake refuses; `seen`: whether the platform's own check refuses its body, too."""

    kind: str
    accepted: list[Message]
    beyond: list[Message]
    seen: bool = True
    to: Recipient = CUSTOMER
    reply_to: ReplyTo | None = None


def generic(*elements: Any) -> Message:
    return Message(template={"template_type": "generic", "elements": list(elements)})


def button(text: str, buttons: Any) -> Message:
    return Message(template={"template_type": "button", "text": text, "buttons": buttons})


def products(count: int) -> Message:
    return Message(template={"template_type": "product", "elements": [{"id": "1"}] * count})


TABLE = [
    Row("text / link", [Message(text="é" * 500), Message(text=WEB)], [Message(text=" ")], seen=False),
    Row(
        "one image",
        [Message(images=(Media(url=f"{WEB}.{end}"),)) for end in limits.FORMATS["image"]],
        [Message(images=(Media(url=f"{WEB}.webp"),)), Message(images=(Media(url="http://a/1.png"),))],
    ),
    Row(
        "up to 10 images",
        [Message(images=(Media(url=WEB), Media(attachment_id="7")) * 5)],
        [Message(images=(Media(url=WEB),) * 11)],
    ),
    Row(
        "audio",
        [Message(audio=Media(url=f"{WEB}.{end}")) for end in limits.FORMATS["audio"]],
        [Message(audio=Media(url=f"{WEB}.mp3"))],
    ),
    Row(
        "video",
        [Message(video=Media(url=f"{WEB}.{end}")) for end in limits.FORMATS["video"]],
        [Message(video=Media(url=f"{WEB}.mkv"))],
    ),
    Row("file", [Message(file=Media(url=f"{WEB}.pdf"))], [Message(file=Media(url=f"{WEB}.docx"))]),
    Row("sticker", [Message(sticker="like_heart")], [Message(sticker="thumbs_up")]),
    Row(
        "own post",
        [Message(media_share=MediaShare("1784"))],
        [Message(media_share=MediaShare(""))],
        seen=False,
    ),
    Row(
        "reaction",
        [Message(reaction=ReactionTo("m", "love")), Message(reaction=ReactionTo("m"))],
        [Message(reaction=ReactionTo("m", ""))],
    ),
    Row(
        "typing/seen",
        [Message(sender_action=word) for word in ("typing_on", "typing_off", "mark_seen")],
        [Message(sender_action="typing_on", text="alone")],
        seen=False,
    ),
    Row(
        "quick replies",
        [Message(text="Which?", quick_replies=(REPLY,) * 13)],
        [Message(text="Which?", quick_replies=(REPLY,) * 14)],
    ),
    Row(
        "generic template",
        [generic(*[ELEMENT] * 10)],
        [
            generic(*[ELEMENT] * 11),
            generic({**ELEMENT, "title": "t" * 81}),
            generic({**ELEMENT, "buttons": [LINK] * 4}),
            generic({"title": "alone"}),
        ],
    ),
    Row(
        "button template",
        [button("t" * 640, [LINK]), button("t", [LINK] * 3)],
        [button("t" * 641, [LINK]), button("t", []), button("t", [LINK] * 4)],
    ),
    Row("product template", [products(10)], [products(11), products(0)]),
    Row(
        "reply to message",
        [Message(text="yes"), Message(images=(Media(url=WEB),)), button("t", [LINK])],
        [Message(sticker="like_heart"), Message(sender_action="mark_seen")],
        seen=False,
        reply_to=ReplyTo("m"),
    ),
    Row(
        "private reply",
        [Message(text="x" * 1000), Message(images=(Media(url=WEB),))],
        [Message(text="x" * 1001), Message(sender_action="mark_seen")],
        seen=False,
        to=COMMENT,
    ),
]


def request(row: Row, message: Message) -> SendRequest:
    return SendRequest(
        request_id="r",
        account_id="1784",
        recipient=row.to,
        author=Author("human"),
        message=message,
        reply_to=row.reply_to,
    )


def judged(row: Row, message: Message) -> None:
    """The platform's check of every call that the message becomes. Raises Refusal."""
    for piece in contents(message, row.reply_to):
        parse_send(body(piece, customer_id="1111", comment_id=row.to.comment_id, tag=None))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.kind)
def test_what_is_accepted_the_platform_takes(row: Row) -> None:
    """Breaks when a limit is set below the platform's, or a body has another shape than its reference."""
    for message in row.accepted:
        assert fault(request(row, message)) is None
        judged(row, message)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.kind)
def test_what_is_beyond_is_refused_before_the_call(row: Row) -> None:
    """Promise 4. Breaks when a limit is raised above the platform's, or one kind loses its check."""
    for message in row.beyond:
        assert fault(request(row, message)) is not None
        if row.seen:
            with pytest.raises(Refusal):
                judged(row, message)


def test_every_limit_says_who_says_so() -> None:
    named = [value for value in vars(limits).values() if isinstance(value, limits.Limit)]
    assert len(named) >= 14
    assert all(limit.source.startswith(("platform.md", "ours: ")) for limit in named)
