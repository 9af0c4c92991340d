"""Facts without personal data, for those who count: the records of ``analytics.instagram.*.v1``.

No id of a person, an account or a message, no text, no link, no name. A conversation is a pseudonym, an HMAC with a key
that rotates: two facts can be joined within one rotation, and with nothing outside these topics.
"""

from typing import Literal

import msgspec

from kaiwa.contracts.outcomes import Evidence, State, Trigger
from kaiwa.contracts.sends import AuthorKind, Lane


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """One event that came in. It is repeated with its event; ``ce_id`` is the same then."""

    kind: str
    stream: Literal["messaging", "standby", "changes"]
    conversation: str
    """Pseudonym of account and customer."""
    account: str
    """Pseudonym of the account."""
    hour: str
    """When it happened, cut to the hour."""
    delay_ms: int | None
    """From its own time to its arrival; null where the platform gives none."""
    text_bytes: int = 0
    """UTF-8 bytes of its text."""
    attachments: int = 0
    is_reply: bool = False
    is_quick_reply: bool = False
    is_referred: bool = False
    is_own: bool = False
    """Written by the account itself."""


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one request's state. It may be repeated; ``ce_id`` is the same then."""

    state: State
    reason: str | None
    evidence: Evidence | None
    author_kind: AuthorKind
    lane: Lane
    message: str | None
    """The kind of message: text, image, template, reaction and so on; null where it was refused at once."""
    conversation: str
    """Pseudonym of account and customer."""
    account: str
    """Pseudonym of the account."""
    hour: str
    """When it was decided, cut to the hour."""
    elapsed_ms: int
    """From the request's arrival in Kafka to this change."""
    parts: int = 0
    """Messages that the request has become so far."""
    parts_sent: int = 0
    attempt: int = 0
    tag: Literal["HUMAN_AGENT"] | None = None
    disclosure: Trigger | None = None
    """What made a disclosure due that this request carried."""
    placement: Literal["prefix", "own"] | None = None
    language: str | None = None
    error_code: int | None = None
    error_subcode: int | None = None


class Compliance(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an erasure, or one verdict of the disclosure audit. It is as the ledger has it."""

    fact: str
    """``erasure.verified``, ``audit.disclosure.delivered``, …: the kind of the ledger's entry."""
    hour: str
    """When it was entered, cut to the hour."""
    conversation: str | None = None
    """Pseudonym of account and customer; null where it is about a whole account, or the ids are gone."""
    account: str | None = None
    """Pseudonym of the account; null once the ids are gone."""
    scope: str | None = None
    """``message``, ``customer`` or ``account``, of an erasure."""
    reason: str | None = None
    """Why an erasure was opened."""
    trigger: str | None = None
    """What made a disclosure due: ``start``, ``lapse``, ``after_human``, ``asked``."""
    text_id: str | None = None
    language: str | None = None
    author: str | None = None
    """``human`` or ``automation``, as the request says."""
    seconds: int | None = None
    """Of an erasure: since it was noticed. Of a verdict: how late, or how far outside the window."""


_inbound = msgspec.json.Decoder(Inbound)
_outbound = msgspec.json.Decoder(Outbound)
_compliance = msgspec.json.Decoder(Compliance)
encode = msgspec.json.Encoder().encode


def decode_inbound(value: bytes) -> Inbound:
    """Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _inbound.decode(value)


def decode_outbound(value: bytes) -> Outbound:
    return _outbound.decode(value)


def decode_compliance(value: bytes) -> Compliance:
    """Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _compliance.decode(value)
