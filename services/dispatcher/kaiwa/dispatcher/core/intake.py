"""What can be refused without looking at anything but the request itself: sizes, counts, shapes.

How much is too much stands in :mod:`kaiwa.dispatcher.core.limits`.
"""

import re
from datetime import datetime

from kaiwa.contracts.sends import Message, SendRequest, ThreadControl
from kaiwa.contracts.times import parse
from kaiwa.dispatcher.core import limits
from kaiwa.dispatcher.core.faults import Fault, invalid, placed, reference_fault
from kaiwa.dispatcher.core.message import message_fault
from kaiwa.dispatcher.core.unit import GESTURES, contents

_ID = re.compile(r"[\x21-\x7e]{1,200}")
_APP_ID = re.compile(r"[0-9]{1,40}")
_ANSWERING = frozenset({"text", "images", "audio", "video", "file", "template"})
"""What may be a reply to a message (platform.md 2.2)."""


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
            return invalid(f"{name} must be an RFC 3339 time with a zone", name)
    if not request.recipient.customer_id and not request.recipient.comment_id:
        return invalid("recipient needs customer_id, or comment_id for a private reply", "recipient")
    if request.recipient.comment_id and request.kind != "message":
        return invalid("recipient.comment_id is for messages only", "recipient.comment_id")
    return _body_fault(request)


def tag_fault(chosen: str | None) -> Fault | None:
    """What is wrong with a request that chooses a tag; ``chosen`` as of :func:`kaiwa.contracts.sends.chosen_tag`."""
    wrong = f"{chosen} is not the caller's to choose: the dispatcher chooses the tag, by author and window"
    return None if chosen is None else invalid(wrong, chosen)


def _body_fault(request: SendRequest) -> Fault | None:
    match request.kind:
        case "message":
            wrong = message_fault(request.message)
            if wrong or request.message is None:
                return wrong
            found = placed(_reply_to_fault(request), "reply_to")
            return found or placed(_private_reply_fault(request, request.message), "message")
        case "escalate" | "release":
            return None
        case "cancel":
            return None if request.cancel else invalid("cancel.request_id is missing", "cancel")
        case "thread_control":  # pragma: no branch - mypy proves that there is no other
            return placed(_control_fault(request.thread_control), "thread_control")


def _control_fault(control: ThreadControl | None) -> Fault | None:
    if control is None:
        return invalid("thread_control is missing")
    if control.target_app_id is not None and control.action != "pass":
        return invalid(f"thread_control.target_app_id goes with pass only, not with {control.action}")
    if control.target_app_id is not None and not _APP_ID.fullmatch(control.target_app_id):
        return invalid("thread_control.target_app_id must be digits")
    if (control.seconds is not None) != (control.action == "extend"):
        return invalid("thread_control.seconds goes with extend, and extend needs it")
    if control.seconds is not None and not 1 <= control.seconds <= limits.CONTROL_SECONDS.most:
        return invalid(f"thread_control.seconds must be 1 to {limits.CONTROL_SECONDS}")
    return None


def registry_fault(request: SendRequest, *, app_id: str, default_app: bool) -> Fault | None:
    """What is wrong with a request as soon as its account's app is known: control is not passed to oneself."""
    control = request.thread_control
    if request.kind != "thread_control" or control is None or control.action != "pass":
        return None
    to_itself = default_app if control.target_app_id is None else control.target_app_id == app_id
    wrong = "thread_control.target_app_id must name another app than this one"
    return invalid(wrong, "thread_control.target_app_id") if to_itself else None


def _reply_to_fault(request: SendRequest) -> Fault | None:
    if request.reply_to is None or request.message is None:
        return None
    (kind,) = request.message.kinds()
    if kind not in _ANSWERING:
        return invalid(f"reply_to goes with text, media or a template, not with {kind}")
    if request.recipient.comment_id:
        return invalid("reply_to does not go with recipient.comment_id: a private reply answers the comment")
    return reference_fault("reply_to.mid", request.reply_to.mid)


def _private_reply_fault(request: SendRequest, message: Message) -> Fault | None:
    """A comment allows one message (platform.md 2.4), and there is nothing yet to react to."""
    if not request.recipient.comment_id:
        return None
    pieces = contents(message, None)
    if pieces[0].kind in GESTURES:
        return invalid(
            "a private reply is a message: a reaction or a sender_action needs recipient.customer_id"
        )
    if len(pieces) > 1:
        return invalid(f"a private reply is one message, and its text is over {limits.TEXT}")
    return None


def _is_time(value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def due_at(request: SendRequest, now: datetime) -> datetime:
    """When the request may first go."""
    return max(now, parse(request.not_before)) if request.not_before else now
