"""What can be refused without looking at anything but the request itself: sizes, counts, shapes.

The limits are the platform's (platform.md 2.2), each beside its check.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import Media, Message, SendRequest
from kaiwa.contracts.times import parse

MAX_IMAGES = 10
_ID = re.compile(r"[\x21-\x7e]{1,200}")
MAX_TEXT_PARTS_BYTES = 20_000
"""A text of more than some twenty messages is a mistake, not a reply."""


@dataclass(frozen=True)
class Fault:
    """Why a request is refused at intake; ``explanation`` goes to the outcome's ``error``."""

    reason: Reason
    explanation: str


def addressable(request: SendRequest) -> bool:
    """Whether its ids can be ids at all: printable ASCII of sane length. What is not is poison, not a request."""
    names = (request.request_id, request.account_id, request.recipient.customer_id or "-")
    return all(_ID.fullmatch(name) for name in names)


def fault(request: SendRequest) -> Fault | None:
    """The first thing wrong with a request, or None."""
    for name in ("not_before", "expires_at", "requested_at"):
        value = getattr(request, name)
        if value is not None and not _is_time(value):
            return _invalid(f"{name} must be an RFC 3339 time with a zone")
    if not request.recipient.customer_id:
        return _invalid("recipient.customer_id is missing (private replies to comments are not offered yet)")
    if request.reply_to is not None:
        return _invalid("reply_to is not offered yet")
    return _body_fault(request)


def _body_fault(request: SendRequest) -> Fault | None:
    match request.kind:
        case "message":
            return _message_fault(request.message)
        case "escalate" | "release":
            return None
        case "cancel":
            return None if request.cancel else _invalid("cancel.request_id is missing")
        case "thread_control":  # pragma: no branch - mypy proves that there is no other
            return _invalid("thread control by record is not offered yet")


def _message_fault(message: Message | None) -> Fault | None:
    kinds = message.kinds() if message else []
    if message is None or len(kinds) != 1:
        return _invalid(f"message needs exactly one content, it has {', '.join(kinds) or 'none'}")
    match kinds[0]:
        case "text":
            return _text_fault(message)
        case "images":
            return _images_fault(message)
        case other:
            return _invalid(f"{other} is not offered yet: send text or one image")


def _text_fault(message: Message) -> Fault | None:
    text = message.text or ""
    if message.quick_replies:
        return _invalid("quick_replies are not offered yet")
    if not text.strip():
        return _invalid("text is empty")
    if not _is_encodable(text):
        return _invalid("text holds a lone surrogate, which has no UTF-8 form")
    if len(text.encode()) > MAX_TEXT_PARTS_BYTES:
        return _invalid(f"text is over {MAX_TEXT_PARTS_BYTES} bytes")
    return None


def _images_fault(message: Message) -> Fault | None:
    if len(message.images) > MAX_IMAGES:
        return Fault(Reason.TOO_MANY_IMAGES, f"{len(message.images)} images, at most {MAX_IMAGES} fit")
    if len(message.images) > 1:
        return _invalid("several images in one message are not offered yet: send one")
    return _media_fault("images[0]", message.images[0])


def _media_fault(name: str, media: Media) -> Fault | None:
    if (media.url is None) == (media.attachment_id is None):
        return _invalid(f"{name} needs either url or attachment_id")
    if media.url is not None and not media.url.startswith("https://"):
        return _invalid(f"{name}.url must be a public https address")
    return None


def _invalid(explanation: str) -> Fault:
    return Fault(Reason.INVALID, explanation)


def _is_time(value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def due_at(request: SendRequest, now: datetime) -> datetime:
    """When the request may first go."""
    return max(now, parse(request.not_before)) if request.not_before else now
