"""What the dispatcher's door takes and answers: HTTP for those who have no Kafka client.

It is a door, not a second path: what comes in here becomes a record of ``instagram.sends.v1`` and nothing else.
"""

from typing import Literal

import msgspec

from kaiwa.contracts.outcomes import Disclosure, Evidence, Outcome, Part, PlatformError, State, Trigger
from kaiwa.contracts.sends import (
    Author,
    AuthorKind,
    Lane,
    Message,
    Recipient,
    ReplyTo,
    SendRequest,
    ThreadControl,
)

Verdict = Literal["yes", "wait", "no", "ask"]
"""``ask``: only the platform can tell; a send asks it first."""


class SendBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is to be sent. ``request_id`` may stand in the header ``Idempotency-Key`` instead."""

    request_id: str | None = None
    kind: Literal["message", "thread_control"] = "message"
    account_id: str
    recipient: Recipient
    author: Author
    lane: Lane | None = None
    message: Message | None = None
    thread_control: ThreadControl | None = None
    reply_to: ReplyTo | None = None
    not_before: str | None = None
    expires_at: str | None = None

    def request(self, request_id: str) -> SendRequest:
        """The record that it becomes."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return SendRequest(**(fields | {"request_id": request_id}))


class WordBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who says that a person takes the conversation over, or hands it back."""

    request_id: str | None = None
    author: Author


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The request is in Kafka; ``href`` tells what becomes of it."""

    request_id: str
    account_id: str
    href: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a request stands. ``pending``: asked for at the door, and not read from Kafka yet; ``seq`` is then 0.

    ``advice`` says what the caller can do about ``reason``; ``next_at`` when it is looked at again.
    """

    request_id: str
    account_id: str
    customer_id: str | None
    state: Literal["pending"] | State
    seq: int = 0
    reason: str | None = None
    advice: str | None = None
    evidence: Evidence | None = None
    parts: tuple[Part, ...] = ()
    tag: Literal["HUMAN_AGENT"] | None = None
    disclosure: Disclosure | None = None
    author_kind: AuthorKind
    lane: Lane
    attempt: int = 0
    requested_at: str
    next_at: str | None = None
    expires_at: str | None = None
    window_closes_at: str | None = None
    finished_at: str | None = None
    error: PlatformError | None = None


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Who controls the thread, as far as is known; ``unknown`` until an event or the platform tells."""

    holder: Literal["ours", "other", "idle", "unknown"]
    since: str | None = None
    until: str | None = None


class May(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a message of this kind of author may go now.

    ``until``: of ``yes``, when that ends; of ``wait``, when it is looked at again. ``disclosure``: what makes it due.
    """

    verdict: Verdict
    until: str | None = None
    reason: str | None = None
    advice: str | None = None
    tag: Literal["HUMAN_AGENT"] | None = None
    disclosure: Trigger | None = None


class ConversationState(msgspec.Struct, frozen=True, kw_only=True):
    """What may be written to a customer now, and as whom. ``known_at``: everything up to then has been read."""

    account_id: str
    customer_id: str
    at: str
    known_at: str | None
    window_opened_at: str | None
    window_closes_at: str | None
    control: Control
    escalated: bool
    human_until: str | None
    human: May
    automation: May


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of requests since the cursor; ask on with ``after`` = ``next``."""

    outcomes: tuple[Outcome, ...]
    next: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong (RFC 9457). ``reason`` is a code of the catalogue, ``field`` where in the body it is."""

    type: str
    title: str
    status: int
    detail: str | None = None
    reason: str | None = None
    field: str | None = None
