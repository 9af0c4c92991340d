"""The short way for what nearly all of them are: a text and nothing else, recognised and read in one decode.

It takes an item only where :mod:`messaging` would say the very same of it (a test compares them); any other field, type
or value sends the item the long way. So there is nothing to be added here when the platform adds a shape.
"""

from typing import Any

import msgspec

from kaiwa.contracts import times
from kaiwa.contracts.events import Kind, Message
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.ingest.normalise.fields import identifier
from kaiwa.ingest.normalise.meaning import Meaning, Sighting


class _Party(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str


class _Text(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    mid: str
    text: str


class _Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    sender: _Party
    recipient: _Party
    timestamp: Any  # as an int it would let 1.0 pass
    message: _Text


_decode = msgspec.json.Decoder(_Item).decode


def sight(item: msgspec.Raw, account_id: str | None) -> Sighting | None:
    """Read one item of ``messaging`` or ``standby``; None where it is not that plain."""
    try:
        found = _decode(item)
    except UNREADABLE:
        return None
    sender, recipient = identifier(found.sender.id), identifier(found.recipient.id)
    moment, message = found.timestamp, found.message
    if account_id is None or sender is None or recipient is None or not message.mid:
        return None
    occurred_at = times.platform_rfc3339(moment)
    if occurred_at is None or not isinstance(moment, int) or moment < times.FIRST_MS:
        return None
    customer_id = recipient if sender == account_id else sender
    meaning = Meaning(Kind.MESSAGE_RECEIVED, (message.mid,), Message(message.mid, message.text))
    return Sighting(meaning, customer_id, occurred_at, whole=True)
