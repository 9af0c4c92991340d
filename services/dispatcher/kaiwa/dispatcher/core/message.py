"""What a message may hold: one content, and of each kind what the platform takes."""

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import Media, Message
from kaiwa.dispatcher.core import limits
from kaiwa.dispatcher.core.faults import Fault, invalid, placed, reference_fault, worded
from kaiwa.dispatcher.core.templates import quick_replies_fault, template_fault


def message_fault(message: Message | None) -> Fault | None:
    kinds = message.kinds() if message else []
    if message is None or len(kinds) != 1:
        return invalid(f"message needs exactly one content, it has {', '.join(kinds) or 'none'}", "message")
    if not _is_encodable(message):
        return invalid("message holds a lone surrogate, which has no UTF-8 form", "message")
    (kind,) = kinds
    if message.quick_replies and kind != "text":
        return invalid(f"quick_replies go with text only, not with {kind}", "message.quick_replies")
    return placed(_CHECKS[kind](message), f"message.{kind}")


def _text_fault(message: Message) -> Fault | None:
    text = message.text or ""
    if not text.strip():
        return invalid("text is empty")
    if len(text.encode()) > limits.TEXTS.most:
        return invalid(f"text is over {limits.TEXTS}")
    return placed(worded(quick_replies_fault(message.quick_replies)), "message.quick_replies")


def _images_fault(message: Message) -> Fault | None:
    if len(message.images) > limits.IMAGES.most:
        found = f"{len(message.images)} images, at most {limits.IMAGES.most} fit"
        return Fault(Reason.TOO_MANY_IMAGES, found)
    faults = (_media_fault(f"images[{n}]", "image", image) for n, image in enumerate(message.images))
    return next((found for found in faults if found), None)


def _media_fault(name: str, kind: str, media: Media) -> Fault | None:
    if (media.url is None) == (media.attachment_id is None):
        return invalid(f"{name} needs either url or attachment_id")
    if media.reusable and media.url is None:
        return invalid(f"{name}.reusable goes with url")
    if media.url is None:
        return reference_fault(f"{name}.attachment_id", media.attachment_id)
    path = _https_path(media.url)
    if path is None:
        return invalid(f"{name}.url must be a public https address")
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    known = limits.OTHER_FORMATS.union(*limits.FORMATS.values())
    if extension in known - limits.FORMATS[kind]:
        offered = ", ".join(sorted(limits.FORMATS[kind]))
        return invalid(f"{name}.url: the platform takes no such file as {kind}, only {offered}")
    return None


def _sticker_fault(message: Message) -> Fault | None:
    return None if message.sticker in limits.STICKERS else invalid("sticker must be like_heart")


def _media_share_fault(message: Message) -> Fault | None:
    return reference_fault("media_share.id", message.media_share.id if message.media_share else None)


def _template_fault(message: Message) -> Fault | None:
    return worded(template_fault(message.template or {}))


def _reaction_fault(message: Message) -> Fault | None:
    mid, reaction = (message.reaction.mid, message.reaction.reaction) if message.reaction else (None, None)
    if reaction is not None and not (reaction.strip() and len(reaction) <= limits.REACTION.most):
        return invalid(f"reaction.reaction must be a name or an emoji of at most {limits.REACTION}")
    return reference_fault("reaction.mid", mid)


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


def _https_path(url: str) -> str | None:
    """The path of an https address, None for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    sane = parts.scheme == "https" and parts.hostname and not any(c.isspace() for c in url)
    return parts.path if sane else None


def _is_encodable(message: Message) -> bool:
    try:
        msgspec.json.encode(message)
    except UnicodeEncodeError:
        return False
    return True
