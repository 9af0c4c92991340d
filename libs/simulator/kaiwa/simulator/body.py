"""The strict check of a Send request's body (platform notes, sections 2.1 and 2.2).

Stricter than the platform in one way: a key that the reference does not know is refused, where Meta ignores it.
"""

from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from kaiwa.simulator import templates
from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.model import RateClass

MAX_TEXT_BYTES = 1000
MAX_IMAGES = 10
MAX_QUICK_REPLIES = 13
MAX_PAYLOAD_CHARS = 1000

Kind = Literal["text", "media", "template", "sticker", "share", "reaction", "action", "control", "upload"]

_TOP = {
    "recipient",
    "message",
    "messaging_type",
    "tag",
    "sender_action",
    "payload",
    "reply_to",
    "thread_control",
}
_DEAD_TAGS = {"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}
_EXTENSIONS = {
    "image": {"png", "jpg", "jpeg", "gif"},
    "audio": {"aac", "m4a", "wav", "mp4"},
    "video": {"mp4", "ogg", "avi", "mov", "webm"},
    "file": {"pdf"},
}


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """A body that passed: what the rules about time, rate and control need to know of it."""

    kind: Kind
    customer_id: str | None
    comment_id: str | None
    tag: str | None
    message: dict[str, Any] | None
    reply_to: str | None
    action: str | None = None
    reacts_to: str | None = None
    control: dict[str, str] | None = None

    @property
    def rate(self) -> RateClass:
        """Anything the platform must fetch counts as media (section 4.1, inferred for images and files)."""
        return "media" if self.kind in {"media", "upload"} else "text"


def parse_send(body: Any) -> Send:
    """The checked body, or a refusal with the platform's code."""
    if not isinstance(body, dict):
        raise refuse(Rule.BODY, "The body must be a JSON object")
    if unknown := sorted(set(body) - _TOP):
        raise refuse(Rule.BODY, f"Unexpected parameter {unknown[0]}")
    customer_id, comment_id = _recipient(body.get("recipient"))
    if "sender_action" in body:
        if comment_id is not None:
            raise refuse(Rule.BODY, "A comment can only be answered with a message")
        return _sender_action(body, customer_id)
    if "payload" in body:
        raise refuse(Rule.BODY, "payload goes with sender_action react or unreact only")
    message = body.get("message")
    if not isinstance(message, dict):
        raise refuse(Rule.BODY, "Give exactly one of message and sender_action")
    return Send(
        kind=_message(message),
        customer_id=customer_id,
        comment_id=comment_id,
        tag=_tag(body, comment_id),
        message=message,
        reply_to=_reply_to(body.get("reply_to"), comment_id),
        control=_thread_control(body.get("thread_control")),
    )


def _recipient(recipient: Any) -> tuple[str | None, str | None]:
    match recipient:
        case {"id": str(customer_id), **rest} if customer_id and not rest:
            return customer_id, None
        case {"comment_id": str(comment_id), **rest} if comment_id and not rest:
            return None, comment_id
        case _:
            raise refuse(Rule.BODY, "recipient must hold exactly one of id and comment_id, as a string")


def _sender_action(body: dict[str, Any], customer_id: str | None) -> Send:
    action = str(body["sender_action"]).lower()
    allowed = {"recipient", "sender_action"}
    payload = body.get("payload")
    match action, payload:
        case "typing_on" | "typing_off" | "mark_seen", _:
            kind: Kind = "action"
        case "react", {"message_id": str(), "reaction": str(reaction), **rest} if reaction and not rest:
            kind = "reaction"
        case "unreact", {"message_id": str(), **rest} if not rest:
            kind = "reaction"
        case _:
            raise refuse(Rule.BODY, "Unknown sender_action, or its payload is wrong")
    if kind == "reaction":
        allowed |= {"payload"}
    if set(body) != allowed:
        raise refuse(Rule.BODY, "A sender_action travels alone", subcode=2018014)
    return Send(
        kind=kind,
        customer_id=customer_id,
        comment_id=None,
        tag=None,
        message=None,
        reply_to=None,
        action=action,
        reacts_to=payload["message_id"] if kind == "reaction" and payload else None,
    )


def _tag(body: dict[str, Any], comment_id: str | None) -> str | None:
    match body.get("messaging_type"), body.get("tag"):
        case ((None | "RESPONSE" | "UPDATE"), None):
            return None
        case "MESSAGE_TAG", "HUMAN_AGENT" if comment_id is None:
            return "HUMAN_AGENT"
        case _, str(tag) if tag in _DEAD_TAGS:
            raise refuse(Rule.TAG, f"The message tag {tag} is not supported any more")
        case _:
            raise refuse(Rule.TAG, "This messaging_type and tag do not go together on Instagram")


def _reply_to(reply_to: Any, comment_id: str | None) -> str | None:
    match reply_to:
        case None:
            return None
        case {"mid": str(mid), **rest} if mid and not rest and comment_id is None:
            return mid
        case _:
            raise refuse(Rule.BODY, "reply_to must be {mid}, and not in a private reply")


def _thread_control(control: Any) -> dict[str, str] | None:
    match control:
        case None:
            return None
        case {"control_type": "release", **rest} if not rest:
            return {"control_type": "release"}
        case {"control_type": "pass", "app_id": str(app_id), **rest} if not rest:
            return {"control_type": "pass", "app_id": app_id}
        case _:
            raise refuse(Rule.BODY, "thread_control must pass to an app_id or release")


def _message(message: dict[str, Any]) -> Kind:
    replies = message.get("quick_replies")
    match {key: value for key, value in message.items() if key != "quick_replies"}:
        case {"text": str(text), **rest} if not rest:
            _text(text)
            if replies is not None:
                _quick_replies(replies)
            return "text"
        case {"attachment": dict(attachment), **rest} if not rest and replies is None:
            return _attachment(attachment)
        case {"attachments": list(images), **rest} if not rest and replies is None:
            return _images(images)
        case _:
            raise refuse(Rule.BODY, "message must hold exactly one of text, attachment and attachments")


def _text(text: str) -> None:
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise refuse(Rule.BODY, "The text is not valid Unicode") from error
    if not text.strip():
        raise refuse(Rule.BODY, "The text is empty")
    if size > MAX_TEXT_BYTES:
        raise refuse(Rule.SIZE, f"The text has more than {MAX_TEXT_BYTES} bytes of UTF-8")


def _quick_replies(replies: Any) -> None:
    if not isinstance(replies, list) or not 1 <= len(replies) <= MAX_QUICK_REPLIES:
        raise refuse(Rule.SIZE, f"1 to {MAX_QUICK_REPLIES} quick replies are allowed")
    for reply in replies:
        match reply:
            case {"content_type": "text", "title": str(title), "payload": str(payload)} if title and payload:
                if len(payload) > MAX_PAYLOAD_CHARS:
                    raise refuse(Rule.SIZE, "A quick reply's payload is too long")
            case _:
                raise refuse(Rule.BODY, "A quick reply has content_type text, a title and a payload")


def _attachment(attachment: dict[str, Any]) -> Kind:
    match attachment:
        case {"type": "image" | "audio" | "video" | "file" as kind, "payload": dict(payload)}:
            check_media(kind, payload)
            return "media"
        case {"type": "like_heart", **rest} if not rest:
            return "sticker"
        case {"type": "MEDIA_SHARE", "payload": {"id": str()}}:
            return "share"
        case {"type": "template", "payload": dict(payload)}:
            templates.check(payload)
            return "template"
        case _:
            raise _wrong_data("Unknown attachment type or payload")


def _images(images: list[Any]) -> Kind:
    if not 1 <= len(images) <= MAX_IMAGES:
        raise refuse(Rule.SIZE, f"1 to {MAX_IMAGES} images may be grouped", subcode=2534015)
    for image in images:
        match image:
            case {"type": "image", "payload": dict(payload), **rest} if not rest:
                check_media("image", payload)
            case _:
                raise _wrong_data("Only images may be grouped")
    return "media"


def check_media(kind: str, payload: dict[str, Any]) -> None:
    """Media by exactly one of address and id; refuse what could not be fetched."""
    match payload:
        case {"url": str(url), **rest} if set(rest) <= {"is_reusable"}:
            parts = urlsplit(url)
            if parts.scheme != "https" or not parts.hostname:
                raise refuse(Rule.BODY, "The media URL cannot be fetched: it must be https", subcode=2018008)
            name, dot, extension = parts.path.rpartition("/")[2].rpartition(".")
            if name and dot and extension.lower() not in _EXTENSIONS[kind]:
                raise refuse(Rule.BODY, f"The media is no {kind}", subcode=2018047)
        case {"attachment_id": str(attachment_id), **rest} if attachment_id and not rest:
            return
        case _:
            raise _wrong_data("Media has exactly one of url and attachment_id")


def _wrong_data(message: str) -> Refusal:
    return refuse(Rule.BODY, message, subcode=2534015)
