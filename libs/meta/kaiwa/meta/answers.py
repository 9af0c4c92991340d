"""How a call of the Send API can end: what left this machine decides what a failure means.

Answer
├── Accepted   the platform took it and named it
├── Refused    the platform said no, in its error object
├── NotSent    nothing left this machine: no connection came about
└── Lost       something left and no answer that can be read came back
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kaiwa.meta.usage import Usage


@dataclass(frozen=True)
class Accepted:
    """``mid`` is None for calls that make no message (reactions, typing)."""

    mid: str | None
    recipient_id: str | None
    usage: Usage | None = None


@dataclass(frozen=True)
class Refused:
    """The platform's error object. ``usage``: what its headers say of budgets, and when a full one opens again.

    ``passing``: Meta calls it transient, or it came with an HTTP status of 500 or above, which says something where
    the code does not.
    """

    code: int | None
    subcode: int | None
    fbtrace_id: str | None
    usage: Usage | None = None
    passing: bool = False

    @property
    def retry_after(self) -> timedelta | None:
        """When calls are accepted again, where that was announced."""
        return self.usage.regain if self.usage else None


@dataclass(frozen=True)
class NotSent:
    why: str


@dataclass(frozen=True)
class Lost:
    why: str


Answer = Accepted | Refused | NotSent | Lost


@dataclass(frozen=True)
class Available:
    """The Conversations API answered: the account may message, and a creator account's webhooks have begun."""


@dataclass(frozen=True)
class Subscribed:
    """One app that an account sends its events to; ``app_id`` None where the answer does not name it."""

    app_id: str | None
    fields: frozenset[str]


NEVER = datetime.max.replace(tzinfo=UTC)
"""The end of a token that does not end by itself."""

REFRESHABLE_AFTER = timedelta(hours=24)
"""A younger token of Instagram Login cannot be refreshed."""


@dataclass(frozen=True)
class Debugged:
    """``error`` is why it is not valid, code and subcode; ``expires_at`` :data:`NEVER` where it does not end."""

    valid: bool
    app_id: str | None
    scopes: frozenset[str]
    expires_at: datetime
    error: tuple[int, int | None] | None


@dataclass(frozen=True)
class Fresh:
    """A token that takes the place of another one, and how long it lives."""

    token: str = field(repr=False)
    life: timedelta = timedelta(0)


@dataclass(frozen=True)
class ThreadMessage:
    """A message as the Conversations API returns it."""

    mid: str
    created: datetime
    from_id: str | None
    text: str | None
    attachment_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thread:
    """A conversation as the Conversations API lists it: who takes part, and its newest messages."""

    participants: tuple[str, ...]
    messages: tuple[ThreadMessage, ...]


@dataclass(frozen=True)
class ThreadPage:
    """Some of an account's conversations; ``after`` names the next page, None where this is the last."""

    threads: tuple[Thread, ...]
    after: str | None
