"""What a decision looks at: an account, a conversation, an intent, and the configured margins.

Structs: one of each is made per decision, and a frozen dataclass sets its fields one by one.

Every conversation field is a maximum or a newest-by-time of what was read, so duplicates and any order of
arrival give the same row.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from kaiwa.contracts.accounts import State as AccountState
from kaiwa.contracts.sends import AuthorKind, ThreadControl
from kaiwa.dispatcher.core.wordings import SHIPPED, Own

Control = Literal["ours", "other", "idle"]
"""Whose the thread is; idle is nobody's, by the owner's release."""

Routing = Literal["routed", "open"]
"""Conversation routing with a default app, or off: then every connected app may answer."""

WINDOW = timedelta(hours=24)
"""The standard messaging window after the customer's last opening event (platform.md 3.1)."""

HUMAN_AGENT_WINDOW = timedelta(days=7)
"""How long a human may answer with the HUMAN_AGENT tag (platform.md 3.2)."""

IDLE = timedelta(hours=24)
"""After this long without a customer's message only the default app may send (platform.md 6)."""


FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of a hold that only a release ends: PostgreSQL's infinity."""


@dataclass(frozen=True)
class Policy:
    """The installation's margins: around the window's end, after a person wrote, until a claim is taken over."""

    window_margin: timedelta
    human_hold: timedelta
    lease: timedelta
    automation_freshness: timedelta = timedelta(seconds=5)


class Account(msgspec.Struct, frozen=True):
    account_id: str
    state: AccountState
    display_name: str
    locale: str
    human_agent: bool
    default_app: bool
    paused_until: datetime | None = None
    login: Literal["facebook", "instagram"] = "facebook"
    routing: Routing | None = None
    while_human: Literal["wait", "refuse"] = "wait"
    markets: tuple[str, ...] = ()
    disclosure: Own = SHIPPED
    crowded_until: datetime | None = None
    """Until then it has no room for bulk messages."""


class Conversation(msgspec.Struct, frozen=True):
    """What is known of one customer at one account; ``None`` is "never seen"."""

    window_opened_at: datetime | None = None
    last_customer_at: datetime | None = None
    control: Control | None = None
    control_at: datetime | None = None
    control_until: datetime | None = None
    """When the owner's term ends, where the platform said so or it was extended."""
    owner_asked_at: datetime | None = None
    """The platform was asked then who the owner is, with or without an answer."""
    human_until: datetime | None = None
    escalated: bool = False
    last_human_at: datetime | None = None
    last_automated_at: datetime | None = None
    disclosed_at: datetime | None = None
    asked_at: datetime | None = None
    erased_before: datetime | None = None
    suppressed_at: datetime | None = None
    """The platform said then that they cannot be reached."""
    looked_at: datetime | None = None
    """The thread was read then, because no event told of a window; or nobody could, see ``look_failures``."""
    look_failures: int = 0
    """Readings in a row that nobody answered."""
    fresh_at: datetime | None = None
    """Everything in the conversation's partition up to this moment has been applied."""
    events_applied: int | None = None
    """So has everything in it below this offset."""


class Grant(msgspec.Struct, frozen=True):
    """What a comment allows: one private reply. ``seen_at`` is its earliest delivery, ``used`` by another request.

    ``created_at``: its own time, known once it was read; ``looked_at``: it was read then, or could not be.
    """

    seen_at: datetime
    live: bool = False
    used: bool = False
    created_at: datetime | None = None
    looked_at: datetime | None = None


Nature = Literal["message", "private_reply", "gesture", "control"]
"""A gesture (reaction, typing, seen) is no message: it takes no tag and needs no disclosure. Neither is a word about
who controls the thread, which needs no window either.
"""


class Intent(msgspec.Struct, frozen=True):
    """A request that was taken in. ``due_at`` is when it first could go; ``requested_at`` when it was appended."""

    author_kind: AuthorKind
    due_at: datetime
    requested_at: datetime
    expires_at: datetime | None = None
    nature: Nature = "message"
    grant: Grant | None = None
    """Of a private reply: its comment's, None while no such comment was seen."""
    control: ThreadControl | None = None
    bulk: bool = False
    events_end: int | None = None
    """Where the conversation's partition of the events ended once this request was in Kafka, None if nobody could tell."""
