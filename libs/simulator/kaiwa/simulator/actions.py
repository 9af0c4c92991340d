"""What people do: each action of a customer (or of a person at the business) as one struct.

The same structs serve tests, the control API, scenarios and the command line. `at` is when it happened (seconds
since 1970; now when it is left out): an action in the past is what a webhook retried for hours looks like.
`delay` holds the webhook back that many seconds.
"""

from typing import Any

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    at: float | None = None
    delay: float = 0.0


class Write(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="write"):
    """A customer's message: text, attachments by type, a reply, a story reply, a quick reply, an ad's referral."""

    account_id: str
    customer_id: str
    text: str | None = None
    attachments: list[str] = []
    reply_to: str | None = None
    story_reply: bool = False
    quick_reply: str | None = None
    referral: dict[str, Any] | None = None
    unsupported: bool = False

    def __post_init__(self) -> None:
        if self.text is None and not self.attachments and not self.unsupported:
            raise ValueError("a message has a text, attachments, or is unsupported")


class Edit(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="edit"):
    mid: str
    text: str


class Unsend(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="unsend"):
    """Take a message back; the account's own ones too."""

    mid: str


class React(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="react"):
    mid: str
    reaction: str = "love"
    emoji: str = "❤️"


class Unreact(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="unreact"):
    mid: str


class See(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="see"):
    mid: str


class Tap(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tap"):
    """A button, an ice breaker or a menu item."""

    account_id: str
    customer_id: str
    title: str
    payload: str


class Refer(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="refer"):
    """An ig.me link into a thread that exists."""

    account_id: str
    customer_id: str
    ref: str


class Remark(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="comment"):
    """A comment under a post, or under a live broadcast."""

    account_id: str
    customer_id: str
    text: str
    media_id: str | None = None
    live: bool = False


class EndLive(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="end_live"):
    """The broadcast is over: its comments can no longer be answered."""

    account_id: str


class Expire(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="expire"):
    """The platform forgets what an account has uploaded."""

    account_id: str


class Revoke(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="revoke"):
    """An account's owner changes the password (460), removes the app (458), loses the Page (492): its tokens die."""

    account_id: str
    code: int = 190
    subcode: int | None = 460


class Unsubscribe(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="unsubscribe"):
    """The platform ends the subscriptions to an account, as it does after an hour of failed deliveries."""

    account_id: str


class Type(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="type"):
    """A person at the business writes in the Instagram app (or another app sends: `app_id`). No API rule binds it."""

    account_id: str
    customer_id: str
    text: str
    app_id: str | None = None


class Hand(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hand"):
    """The thread goes to another app (the Inbox, say); without `app_id` it becomes idle."""

    account_id: str
    customer_id: str
    app_id: str | None = None


class Happen(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="happen"):
    """Anything else, in Meta's own form: `{"optin": {…}}` of the customer, or a change `{"field": …, "value": …}`."""

    account_id: str
    customer_id: str
    part: dict[str, Any]

    def __post_init__(self) -> None:
        if not self.part:
            raise ValueError("say what happens")


class PressTest(Action, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="test"):
    """Somebody presses "Test" in the app's dashboard."""

    app_id: str
    field: str = "messages"


AnyAction = (
    Write
    | Edit
    | Unsend
    | React
    | Unreact
    | See
    | Tap
    | Refer
    | Remark
    | EndLive
    | Expire
    | Revoke
    | Unsubscribe
    | Type
    | Hand
    | Happen
    | PressTest
)


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What an action made: the message's or the comment's id, and how many events went out for it."""

    id: str | None = None
    events: int = 0
