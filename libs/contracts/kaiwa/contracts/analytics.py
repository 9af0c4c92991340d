"""Facts without personal data, for those who count: the records of ``analytics.instagram.*.v1``.

No id of a person, an account or a message, no text, no link, no name. A conversation is a pseudonym, an HMAC with a key
that rotates: two facts can be joined within one rotation, and with nothing outside these topics.
"""

from typing import Literal

import msgspec


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


_inbound = msgspec.json.Decoder(Inbound)
encode = msgspec.json.Encoder().encode


def decode_inbound(value: bytes) -> Inbound:
    """Raises msgspec.DecodeError (msgspec.ValidationError for a wrong shape)."""
    return _inbound.decode(value)
