"""What can be refused without looking at anything but the request itself: sizes, counts, shapes.

How much is too much stands in :mod:`kaiwa.dispatcher.core.limits`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import Media, Message, SendRequest, ThreadControl
from kaiwa.contracts.times import parse
from kaiwa.dispatcher.core import limits
from kaiwa.dispatcher.core.templates import quick_replies_fault, template_fault
from kaiwa.dispatcher.core.unit import GESTURES, contents

_ID = re.compile(r"[\x21-\x7e]{1,200}")
_REFERENCE = re.compile(rf"[\x21-\x7e]{{1,{limits.ID.most}}}")
_APP_ID = re.compile(r"[0-9]{1,40}")
_ANSWERING = frozenset({"text", "images", "audio", "video", "file", "template"})
"""What may be a reply to a message (platform.md 2.2)."""


@dataclass(frozen=True)
class Fault:
    """Why a request is refused at intake; ``explanation`` goes to the outcome's ``error``, ``field`` is where it is wrong."""

    reason: Reason
    explanation: str
    field: str | None = None


def addressable(request: SendRequest) -> bool:
    """Whether its ids can be ids at all: printable ASCII of sane length. What is not is poison, not a request."""
    recipient = request.recipient
    names = (
        request.request_id,
        request.account_id,
        recipient.customer_id or "-",
        recipient.comment_id or "-",
    )
    return all(_ID.fullmatch(name) for name in names)


def fault(request: SendRequest) -> Fault | None:
    """The first thing wrong with a request, or None."""
    for name in ("not_before", "expires_at", "requested_at"):
        value = getattr(request, name)
        if value is not None and not _is_time(value):
            return _invalid(f"{name} must be an RFC 3339 time with a zone", name)
    if not request.recipient.customer_id and not request.recipient.comment_id:
        return _invalid("recipient needs customer_id, or comment_id for a private reply", "recipient")
    if request.recipient.comment_id and request.kind != "message":
        return _invalid("recipient.comment_id is for messages only", "recipient.comment_id")
    return _body_fault(request)


def _body_fault(request: SendRequest) -> Fault | None:
    match request.kind:
        case "message":
            wrong = _message_fault(request.message)
            if wrong or request.message is None:
                return wrong
            found = _placed(_reply_to_fault(request), "reply_to")
            return found or _placed(_private_reply_fault(request, request.message), "message")
        case "escalate" | "release":
            return None
        case "cancel":
            return None if request.cancel else _invalid("cancel.request_id is missing", "cancel")
        case "thread_control":  # pragma: no branch - mypy proves that there is no other
            return _placed(_control_fault(request.thread_control), "thread_control")


def _control_fault(control: ThreadControl | None) -> Fault | None:
    if control is None:
        return _invalid("thread_control is missing")
    if control.target_app_id is not None and control.action != "pass":
        return _invalid(f"thread_control.target_app_id goes with pass only, not with {control.action}")
    if control.target_app_id is not None and not _APP_ID.fullmatch(control.target_app_id):
        return _invalid("thread_control.target_app_id must be digits")
    if (control.seconds is not None) != (control.action == "extend"):
        return _invalid("thread_control.seconds goes with extend, and extend needs it")
    if control.seconds is not None and not 1 <= control.seconds <= limits.CONTROL_SECONDS.most:
        return _invalid(f"thread_control.seconds must be 1 to {limits.CONTROL_SECONDS}")
    return None


def registry_fault(request: SendRequest, *, app_id: str, default_app: bool) -> Fault | None:
    """What is wrong with a request as soon as its account's app is known: control is not passed to oneself."""
    control = request.thread_control
    if request.kind != "thread_control" or control is None or control.action != "pass":
        return None
    to_itself = default_app if control.target_app_id is None else control.target_app_id == app_id
    wrong = "thread_control.target_app_id must name another app than this one"
    return _invalid(wrong, "thread_control.target_app_id") if to_itself else None


def _message_fault(message: Message | None) -> Fault | None:
    kinds = message.kinds() if message else []
    if message is None or len(kinds) != 1:
        return _invalid(f"message needs exactly one content, it has {', '.join(kinds) or 'none'}", "message")
    if not _is_encodable(message):
        return _invalid("message holds a lone surrogate, which has no UTF-8 form", "message")
    (kind,) = kinds
    if message.quick_replies and kind != "text":
        return _invalid(f"quick_replies go with text only, not with {kind}", "message.quick_replies")
    return _placed(_CHECKS[kind](message), f"message.{kind}")


def _text_fault(message: Message) -> Fault | None:
    text = message.text or ""
    if not text.strip():
        return _invalid("text is empty")
    if len(text.encode()) > limits.TEXTS.most:
        return _invalid(f"text is over {limits.TEXTS}")
    return _placed(_worded(quick_replies_fault(message.quick_replies)), "message.quick_replies")


def _images_fault(message: Message) -> Fault | None:
    if len(message.images) > limits.IMAGES.most:
        found = f"{len(message.images)} images, at most {limits.IMAGES.most} fit"
        return Fault(Reason.TOO_MANY_IMAGES, found)
    faults = (_media_fault(f"images[{n}]", "image", image) for n, image in enumerate(message.images))
    return next((found for found in faults if found), None)


def _media_fault(name: str, kind: str, media: Media) -> Fault | None:
    if (media.url is None) == (media.attachment_id is None):
        return _invalid(f"{name} needs either url or attachment_id")
    if media.reusable and media.url is None:
        return _invalid(f"{name}.reusable goes with url")
    if media.url is None:
        return _reference_fault(f"{name}.attachment_id", media.attachment_id)
    path = _https_path(media.url)
    if path is None:
        return _invalid(f"{name}.url must be a public https address")
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    known = limits.OTHER_FORMATS.union(*limits.FORMATS.values())
    if extension in known - limits.FORMATS[kind]:
        offered = ", ".join(sorted(limits.FORMATS[kind]))
        return _invalid(f"{name}.url: the platform takes no such file as {kind}, only {offered}")
    return None


def _sticker_fault(message: Message) -> Fault | None:
    return None if message.sticker in limits.STICKERS else _invalid("sticker must be like_heart")


def _media_share_fault(message: Message) -> Fault | None:
    return _reference_fault("media_share.id", message.media_share.id if message.media_share else None)


def _template_fault(message: Message) -> Fault | None:
    return _worded(template_fault(message.template or {}))


def _reaction_fault(message: Message) -> Fault | None:
    mid, reaction = (message.reaction.mid, message.reaction.reaction) if message.reaction else (None, None)
    if reaction is not None and not (reaction.strip() and len(reaction) <= limits.REACTION.most):
        return _invalid(f"reaction.reaction must be a name or an emoji of at most {limits.REACTION}")
    return _reference_fault("reaction.mid", mid)


_CHECKS: dict[str, Callable[[Message], Fault | None]] = {
    "text": _text_fault,
    "images": _images_fault,
    "audio": lambda message: _media_fault("audio", "audio", message.audio or Media()),
    "video": lambda message: _media_fault("video", "video", message.video or Media()),
    "file": lambda message: _media_fault("file", "file", message.file or Media()),
    "sticker": _sticker_fault,
    "media_share": _media_share_fault,
    "template": _template_fault,
    "reaction": _reaction_fault,
    "sender_action": lambda _: None,  # one of three words, by its type
}
"""The check of each kind of content, by its field's name."""


def _reply_to_fault(request: SendRequest) -> Fault | None:
    if request.reply_to is None or request.message is None:
        return None
    (kind,) = request.message.kinds()
    if kind not in _ANSWERING:
        return _invalid(f"reply_to goes with text, media or a template, not with {kind}")
    if request.recipient.comment_id:
        return _invalid("reply_to does not go with recipient.comment_id: a private reply answers the comment")
    return _reference_fault("reply_to.mid", request.reply_to.mid)


def _private_reply_fault(request: SendRequest, message: Message) -> Fault | None:
    """A comment allows one message (platform.md 2.4), and there is nothing yet to react to."""
    if not request.recipient.comment_id:
        return None
    pieces = contents(message, None)
    if pieces[0].kind in GESTURES:
        return _invalid(
            "a private reply is a message: a reaction or a sender_action needs recipient.customer_id"
        )
    if len(pieces) > 1:
        return _invalid(f"a private reply is one message, and its text is over {limits.TEXT}")
    return None


def _reference_fault(name: str, reference: str | None) -> Fault | None:
    return None if _REFERENCE.fullmatch(reference or "") else _invalid(f"{name} must be an id of Meta's")


def _worded(explanation: str | None) -> Fault | None:
    return None if explanation is None else _invalid(explanation)


def _invalid(explanation: str, field: str | None = None) -> Fault:
    return Fault(Reason.INVALID, explanation, field)


def _placed(found: Fault | None, field: str) -> Fault | None:
    """The fault with its place in the request, where it has none yet."""
    return found if found is None or found.field else replace(found, field=field)


def _https_path(url: str) -> str | None:
    """The path of an https address, None for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    sane = parts.scheme == "https" and parts.hostname and not any(c.isspace() for c in url)
    return parts.path if sane else None


def _is_time(value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_encodable(message: Message) -> bool:
    try:
        msgspec.json.encode(message)
    except UnicodeEncodeError:
        return False
    return True


def due_at(request: SendRequest, now: datetime) -> datetime:
    """When the request may first go."""
    return max(now, parse(request.not_before)) if request.not_before else now
