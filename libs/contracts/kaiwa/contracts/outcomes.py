"""What became of each request: the records of ``instagram.outcomes.v1``. Ids and codes, never content."""

from typing import Literal

import msgspec

from kaiwa.contracts.sends import AuthorKind, Lane

State = Literal["accepted", "deferred", "sent", "refused", "expired", "cancelled", "in_doubt", "failed"]
PartState = Literal["queued", "sending", "sent", "in_doubt", "failed"]
Evidence = Literal["answer", "mid", "content", "thread", "operator"]
Trigger = Literal["start", "lapse", "after_human", "asked"]

FINAL: frozenset[State] = frozenset({"sent", "refused", "expired", "cancelled", "failed"})
"""States after which nothing more is tried (a late echo may still turn failed/not_found into sent)."""


class Part(msgspec.Struct, frozen=True):
    """The ``n``-th message (from 1) that the request became."""

    n: int
    state: PartState
    mid: str | None = None


class Disclosure(msgspec.Struct, frozen=True):
    """How this send told the customer that it is automated. ``mid`` is the message that carried it; ``grounds`` are the
    markets whose rules hold for the account, ``*`` the default that holds everywhere.
    """

    trigger: Trigger
    text_id: str
    language: str
    placement: Literal["prefix", "own"]
    mid: str | None = None
    grounds: tuple[str, ...] = ()


class PlatformError(msgspec.Struct, frozen=True):
    """Meta's error in Meta's numbers, and what it means in ours; its localised text is never kept."""

    code: int | None
    subcode: int | None
    explanation: str
    fbtrace_id: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one request's state; readers order by ``seq``."""

    id: str
    seq: int
    request_id: str
    account_id: str
    customer_id: str | None
    state: State
    reason: str | None = None
    evidence: Evidence | None = None
    parts: tuple[Part, ...] = ()
    tag: Literal["HUMAN_AGENT"] | None = None
    disclosure: Disclosure | None = None
    author_kind: AuthorKind
    lane: Lane
    attempt: int = 0
    decided_at: str
    window_closes_at: str | None = None
    error: PlatformError | None = None


_decoder = msgspec.json.Decoder(Outcome)
encode = msgspec.json.Encoder().encode


def decode(value: bytes) -> Outcome:
    """The outcome in ``value``. Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _decoder.decode(value)
