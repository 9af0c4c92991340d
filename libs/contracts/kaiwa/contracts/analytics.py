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


_inbound = msgspec.json.Decoder(Inbound)
_outbound = msgspec.json.Decoder(Outbound)
encode = msgspec.json.Encoder().encode


def decode_inbound(value: bytes) -> Inbound:
    """Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _inbound.decode(value)


def decode_outbound(value: bytes) -> Outbound:
    return _outbound.decode(value)
