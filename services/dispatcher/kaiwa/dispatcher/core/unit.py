"""A request as the calls it becomes: text is cut to what one message may hold, anything else is one call.

A disclosure goes before the text where both fit one message, else it is a message of its own in front; the
next message is always chosen from what was really sent, so that a unit resumes where it stopped.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import structs

from kaiwa.contracts.sends import Media, Message, ReplyTo, ThreadControl
from kaiwa.dispatcher.core.cutting import split
from kaiwa.dispatcher.core.limits import TEXT

_SEPARATOR = "\n\n"

Placement = Literal["prefix", "own"]

GESTURES = frozenset({"reaction", "action"})
"""Kinds that make no message: no mid, no echo, nothing to disclose, and no harm where nobody knows whether they came."""

CONTROL = "control"
"""The kind of a call about who controls the thread."""

SILENT = GESTURES | {CONTROL}
"""Kinds of which the customer reads nothing, and of which no echo tells."""

FETCHED = frozenset({"image", "audio", "video", "file"})
"""Kinds that the platform must fetch: they count against the media limit (platform.md 4.1, inferred for two of them)."""


class Text(msgspec.Struct, frozen=True):
    """``quick_replies`` stand under the last message of a unit: the next one would take them away."""

    text: str
    reply_to: str | None = None
    quick_replies: tuple[Any, ...] = ()

    @property
    def kind(self) -> str:
        return "text"

    def parameters(self) -> dict[str, Any]:
        replies = {"quick_replies": list(self.quick_replies)} if self.quick_replies else {}
        return _answering(self.reply_to, {"text": self.text, **replies})


class Attached(msgspec.Struct, frozen=True):
    """Whatever travels as attachment; ``message`` is the platform's own object."""

    kind: str
    message: Mapping[str, Any]
    reply_to: str | None = None

    def parameters(self) -> dict[str, Any]:
        return _answering(self.reply_to, self.message)


class Gesture(msgspec.Struct, frozen=True):
    """A reaction, typing or seen: it travels alone (platform.md 2.2)."""

    kind: str
    sender_action: str
    payload: Mapping[str, str] | None = None

    def parameters(self) -> dict[str, Any]:
        return {"sender_action": self.sender_action, **({"payload": self.payload} if self.payload else {})}


_EDGES = {
    "pass": "pass_thread_control",
    "take": "take_thread_control",
    "release": "release_thread_control",
    "request": "request_thread_control",
    "extend": "extend_thread_control",
}


class Handover(msgspec.Struct, frozen=True):
    """A call about who controls the thread; ``edge`` is the last part of its path (platform.md 6)."""

    edge: str
    params: Mapping[str, str | int]

    @property
    def kind(self) -> str:
        return CONTROL

    def parameters(self) -> dict[str, Any]:
        return dict(self.params)


def handover(control: ThreadControl) -> Handover:
    """What intake accepted, as the platform calls it; a pass without a target goes to the default app."""
    params: dict[str, str | int] = {}
    if control.target_app_id is not None:
        params["target_app_id"] = control.target_app_id
    if control.seconds is not None:
        params["duration"] = control.seconds
    return Handover(_EDGES[control.action], params)


Content = Text | Attached | Gesture | Handover


class Next(msgspec.Struct, frozen=True):
    """The message to send now. ``covers``: the piece of content it carries, None for a disclosure alone."""

    content: Content
    covers: int | None
    placement: Placement | None


def contents(message: Message, reply_to: ReplyTo | None) -> list[Content]:
    """The pieces of a message that intake accepted, in order; the first is the answer to ``reply_to``."""
    mid = reply_to.mid if reply_to else None
    if message.text is not None:
        texts = split(message.text)
        last = len(texts) - 1
        return [
            Text(text, None if n else mid, message.quick_replies if n == last else ())
            for n, text in enumerate(texts)
        ]
    if message.reaction is not None:
        target, reaction = message.reaction.mid, message.reaction.reaction
        if reaction is None:
            return [Gesture("reaction", "unreact", {"message_id": target})]
        return [Gesture("reaction", "react", {"message_id": target, "reaction": reaction})]
    if message.sender_action is not None:
        return [Gesture("action", message.sender_action)]
    kind, attached = _attached(message)
    return [Attached(kind, attached, mid)]


def _attached(message: Message) -> tuple[str, dict[str, Any]]:
    """Its kind, and the object that the platform calls message."""
    if message.images:
        images = [_media("image", image) for image in message.images]
        return "image", {"attachments": images} if len(images) > 1 else {"attachment": images[0]}
    if message.sticker is not None:
        return "sticker", {"attachment": {"type": message.sticker}}
    if message.media_share is not None:
        return "share", {"attachment": {"type": "MEDIA_SHARE", "payload": {"id": message.media_share.id}}}
    if message.template is not None:
        return "template", {"attachment": {"type": "template", "payload": message.template}}
    kind, media = next(
        (kind, media) for kind in ("audio", "video", "file") if (media := getattr(message, kind)) is not None
    )
    return kind, {"attachment": _media(kind, media)}


Reusable = tuple[str, str]
"""The kind and the address of media that is uploaded once."""


def reusable(message: Message) -> list[Reusable]:
    """What of a message is to be sent by an upload's id."""
    single = [(kind, getattr(message, kind)) for kind in ("audio", "video", "file")]
    media = [*(("image", image) for image in message.images), *single]
    return [(kind, item.url) for kind, item in media if item is not None and item.reusable and item.url]


def with_uploads(message: Message, ids: Mapping[Reusable, str]) -> Message:
    """The message with ids in the place of what was uploaded."""

    def named(kind: str, media: Media) -> Media:
        found = ids.get((kind, media.url or "")) if media.reusable else None
        return Media(attachment_id=found) if found else media

    single = {
        kind: named(kind, media) for kind in ("audio", "video", "file") if (media := getattr(message, kind))
    }
    images = tuple(named("image", image) for image in message.images)
    return structs.replace(message, images=images, **single)


def _media(kind: str, media: Media) -> dict[str, Any]:
    return {
        "type": kind,
        "payload": {"url": media.url} if media.url else {"attachment_id": media.attachment_id},
    }


def _answering(mid: str | None, message: Mapping[str, Any]) -> dict[str, Any]:
    return {"message": message, **({"reply_to": {"mid": mid}} if mid else {})}


def body(
    content: Content, *, customer_id: str, comment_id: str | None, tag: Literal["HUMAN_AGENT"] | None
) -> dict[str, Any]:
    """The Send API's body (platform.md 2.1, 2.4, 3.2)."""
    parameters = content.parameters()
    if comment_id is not None:
        return {"recipient": {"comment_id": comment_id}, **parameters}
    recipient = {"recipient": {"id": customer_id}}
    if isinstance(content, Gesture | Handover):
        return recipient | parameters
    if tag is None:
        return {**recipient, "messaging_type": "RESPONSE", **parameters}
    return {**recipient, "messaging_type": "MESSAGE_TAG", "tag": tag, **parameters}


_SHOWN = {"seen": ("mark_seen",), "typing": ("mark_seen", "typing_on")}


def announcements(presence: str, customer_id: str) -> tuple[dict[str, Any], ...]:
    """The bodies that show a customer what an account wants shown before automation answers."""
    gestures = (Gesture("action", action) for action in _SHOWN.get(presence, ()))
    return tuple(body(shown, customer_id=customer_id, comment_id=None, tag=None) for shown in gestures)


def next_message(pieces: Sequence[Content], sent: int, disclosure: str | None) -> Next:
    """The message after the first ``sent`` pieces, when ``disclosure`` (its text) is owed or nothing is."""
    piece = pieces[sent]
    if disclosure is None:
        return Next(piece, sent, None)
    if isinstance(piece, Text):
        joined = disclosure + _SEPARATOR + piece.text
        if len(joined.encode()) <= TEXT.most:
            return Next(structs.replace(piece, text=joined), sent, "prefix")
    return Next(Text(disclosure), None, "own")
