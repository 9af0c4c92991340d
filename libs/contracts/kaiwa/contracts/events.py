"""What happened on Instagram, normalised: the records of ``instagram.events.v1`` and ``instagram.privacy.v1``.

The envelope is decoded by every reader; ``data`` and ``raw`` stay bytes until a reader asks for them with
:func:`data_of`. A kind that a reader does not know is an envelope it can skip.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from kaiwa.contracts.times import parse

NOTHING = msgspec.Raw(b"null")

Stream = Literal["messaging", "standby", "changes"]


class Kind(StrEnum):
    """Every kind there is. ``data`` of each: :data:`DATA`."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_ECHOED = "message.echoed"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_UNSENT = "message.unsent"
    MESSAGE_SEEN = "message.seen"
    REACTION_ADDED = "reaction.added"
    REACTION_REMOVED = "reaction.removed"
    POSTBACK_RECEIVED = "postback.received"
    REFERRAL_RECEIVED = "referral.received"
    OPTIN_RECEIVED = "optin.received"
    FEEDBACK_RECEIVED = "feedback.received"
    POLICY_ENFORCED = "policy.enforced"
    COMMENT_RECEIVED = "comment.received"
    LIVE_COMMENT_RECEIVED = "live_comment.received"
    MENTION_RECEIVED = "mention.received"
    STORY_INSIGHTS_RECEIVED = "story_insights.received"
    CONTROL_PASSED = "thread.control_passed"
    CONTROL_TAKEN = "thread.control_taken"
    CONTROL_REQUESTED = "thread.control_requested"
    ROLES_CHANGED = "thread.roles_changed"
    DELETION_REQUESTED = "privacy.deletion_requested"
    APP_DEAUTHORIZED = "privacy.app_deauthorized"
    SUBSCRIPTION_MISCONFIGURED = "subscription.misconfigured"
    TEST_RECEIVED = "test.received"
    UNKNOWN = "unknown"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The envelope. ``occurred_at`` is the event's own time where ``time_source`` is ``event``."""

    id: str
    kind: str
    app_id: str
    account_id: str | None
    customer_id: str | None
    occurred_at: str
    time_source: Literal["event", "delivery"]
    received_at: str
    stream: Stream
    data: msgspec.Raw
    raw: msgspec.Raw = NOTHING

    @property
    def occurred(self) -> datetime:
        return parse(self.occurred_at)


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """``type`` is an open set; an ephemeral one has no payload, a share carries only a URL."""

    type: str
    url: str | None = None
    title: str | None = None
    id: str | None = None
    payload: Any = None


class StoryRef(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str | None = None
    url: str | None = None
    link_sticker_url: str | None = None


class ReplyTo(msgspec.Struct, frozen=True, omit_defaults=True):
    """``is_self_reply``: to a message of one's own."""

    mid: str | None = None
    story: StoryRef | None = None
    is_self_reply: bool = False


class Referral(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a customer comes from: an ad, a product of a shop, an ig.me link. It stands alone for a thread that exists
    (``referral.received``), else on the first message or postback.
    """

    ref: str | None = None
    source: str | None = None
    type: str | None = None
    ad_id: str | None = None
    product: Any = None
    ads_context_data: Any = None


class Message(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """``message.received`` and ``message.echoed``. ``app_id``: the app that sent an echo, where Meta says so."""

    mid: str
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: ReplyTo | None = None
    quick_reply: Any = None
    referral: Referral | None = None
    is_unsupported: bool = False
    is_self: bool = False
    app_id: str | None = None


class Edit(msgspec.Struct, frozen=True):
    """A patch of the message ``mid``; it may arrive before its message."""

    mid: str
    text: str
    num_edit: int


class MessageRef(msgspec.Struct, frozen=True):
    """``message.unsent`` and ``message.seen``: the message, and nothing of it."""

    mid: str


class Reaction(msgspec.Struct, frozen=True, omit_defaults=True):
    mid: str
    reaction: str | None = None
    emoji: str | None = None


class Postback(msgspec.Struct, frozen=True, omit_defaults=True):
    """A button, an ice breaker or a menu item. In ``standby`` it has no ``payload``: the app that set it has that."""

    title: str | None = None
    mid: str | None = None
    payload: str | None = None
    referral: Referral | None = None
    is_self: bool = False


class Comment(msgspec.Struct, frozen=True, omit_defaults=True):
    """``is_own``: written by the account itself; no bot may answer it."""

    comment_id: str
    media: Any = None
    parent_id: str | None = None
    text: str | None = None
    username: str | None = None
    is_own: bool = False


class Mention(msgspec.Struct, frozen=True, omit_defaults=True):
    """The account was named: in the comment ``comment_id``, else in the caption of the media."""

    media_id: str
    comment_id: str | None = None


class Control(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which app answers now. An idle thread had no owner before; ``thread.control_requested`` names who asks."""

    previous_owner_app_id: str | None = None
    new_owner_app_id: str | None = None
    requested_owner_app_id: str | None = None
    metadata: str | None = None


class Roles(msgspec.Struct, frozen=True):
    """The roles of each app, by app id (``primary_receiver``, …)."""

    roles: dict[str, tuple[str, ...]]


class PrivacyRequest(msgspec.Struct, frozen=True):
    """``user_id`` is app-scoped: it is no customer's id (platform.md 8.3)."""

    user_id: str
    code: str
    issued_at: str


DATA: dict[str, type[msgspec.Struct]] = {
    Kind.MESSAGE_RECEIVED: Message,
    Kind.MESSAGE_ECHOED: Message,
    Kind.MESSAGE_EDITED: Edit,
    Kind.MESSAGE_UNSENT: MessageRef,
    Kind.MESSAGE_SEEN: MessageRef,
    Kind.REACTION_ADDED: Reaction,
    Kind.REACTION_REMOVED: Reaction,
    Kind.POSTBACK_RECEIVED: Postback,
    Kind.REFERRAL_RECEIVED: Referral,
    Kind.COMMENT_RECEIVED: Comment,
    Kind.LIVE_COMMENT_RECEIVED: Comment,
    Kind.MENTION_RECEIVED: Mention,
    Kind.CONTROL_PASSED: Control,
    Kind.CONTROL_TAKEN: Control,
    Kind.CONTROL_REQUESTED: Control,
    Kind.ROLES_CHANGED: Roles,
    Kind.DELETION_REQUESTED: PrivacyRequest,
    Kind.APP_DEAUTHORIZED: PrivacyRequest,
}
"""The shape of ``data`` by kind; a kind that is not here carries what Meta delivered."""

_envelope = msgspec.json.Decoder(Event)
_data = {kind: msgspec.json.Decoder(shape) for kind, shape in DATA.items()}
_anything = msgspec.json.Decoder()
encode = msgspec.json.Encoder().encode


def decode(value: bytes) -> Event:
    """The envelope in ``value``. Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _envelope.decode(value)


def data_of(event: Event) -> Any:
    """``data`` as its struct, or as plain JSON for the open kinds. Raises msgspec.DecodeError."""
    return _data.get(event.kind, _anything).decode(event.data)
