"""What callers ask for: the records of ``instagram.sends.v1``. The caller never chooses a tag.

Decoding checks shapes; what a message may hold (sizes, counts, one kind at a time) is the dispatcher's
intake, which answers with a reason instead of dropping the record.
"""

from typing import Any, Literal

import msgspec

AuthorKind = Literal["human", "automation"]
Lane = Literal["human", "transactional", "bulk"]


class Recipient(msgspec.Struct, frozen=True, omit_defaults=True):
    """A customer, or the author of a comment (a private reply)."""

    customer_id: str | None = None
    comment_id: str | None = None


class Author(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who wrote the message: it decides on tag and disclosure, so the topic is trusted."""

    kind: AuthorKind
    id: str | None = None


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """By https URL or by the id of an uploaded attachment. ``reusable``: what the URL shows is uploaded once and sent by
    its id from then on, by accounts with Facebook Login; others send the URL.
    """

    url: str | None = None
    attachment_id: str | None = None
    reusable: bool = False


class MediaShare(msgspec.Struct, frozen=True):
    id: str


class ReactionTo(msgspec.Struct, frozen=True):
    """``reaction`` None takes the reaction back."""

    mid: str
    reaction: str | None = None


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """Exactly one of these, except that ``quick_replies`` go with ``text``."""

    text: str | None = None
    quick_replies: tuple[Any, ...] = ()
    images: tuple[Media, ...] = ()
    audio: Media | None = None
    video: Media | None = None
    file: Media | None = None
    sticker: str | None = None
    media_share: MediaShare | None = None
    template: dict[str, Any] | None = None
    reaction: ReactionTo | None = None
    sender_action: Literal["typing_on", "typing_off", "mark_seen"] | None = None

    def kinds(self) -> list[str]:
        """Which of the exclusive fields are given."""
        exclusive = [name for name in self.__struct_fields__ if name != "quick_replies"]
        return [name for name in exclusive if getattr(self, name) not in (None, ())]


class ReplyTo(msgspec.Struct, frozen=True):
    mid: str


class ThreadControl(msgspec.Struct, frozen=True, omit_defaults=True):
    action: Literal["pass", "take", "release", "request", "extend"]
    target_app_id: str | None = None
    seconds: int | None = None


class Cancel(msgspec.Struct, frozen=True):
    request_id: str


class SendRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request. The same ``request_id`` of one account within 30 days is one send; the first body wins.

    The dispatcher chooses the tag: what has ``tag``, ``message_tag`` or ``messaging_type``, here or in its message, is
    refused. Any other field that is not known is ignored.
    """

    request_id: str
    kind: Literal["message", "thread_control", "cancel", "escalate", "release"] = "message"
    account_id: str
    recipient: Recipient
    author: Author
    lane: Lane | None = None
    message: Message | None = None
    thread_control: ThreadControl | None = None
    cancel: Cancel | None = None
    reply_to: ReplyTo | None = None
    not_before: str | None = None
    expires_at: str | None = None
    requested_at: str | None = None

    @property
    def effective_lane(self) -> Lane:
        return self.lane or ("human" if self.author.kind == "human" else "transactional")

    @property
    def key(self) -> bytes:
        """The record's key: everything of one conversation in one partition, with any client's partitioner."""
        return f"{self.account_id}:{self.recipient.customer_id or self.recipient.comment_id or ''}".encode()


class _Chosen(msgspec.Struct, frozen=True):
    """Where callers of the platform choose a tag."""

    tag: Any = None
    message_tag: Any = None
    messaging_type: Any = None

    def field(self) -> str | None:
        return next((name for name in _Chosen.__struct_fields__ if getattr(self, name) is not None), None)


class _ChosenAnywhere(_Chosen, frozen=True):
    message: _Chosen | None = None


_decoder = msgspec.json.Decoder(SendRequest)
_choices = msgspec.json.Decoder(_ChosenAnywhere)
encode = msgspec.json.Encoder().encode


def decode(value: bytes) -> SendRequest:
    """The request in ``value``. Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _decoder.decode(value)


def chosen_tag(value: bytes) -> str | None:
    """The field by which a request would choose a tag, such as ``message.tag``. Raises as :func:`decode` does."""
    found = _choices.decode(value)
    within = found.message and found.message.field()
    return f"message.{within}" if within else found.field()
