"""The short way for what nearly all of them are: entries of ``messaging``, and in them a text and nothing else.

Body and item are each recognised and read in one decode. It takes them only where :mod:`envelope` and :mod:`messaging`
would say the very same (tests compare them); any other field, type or value sends them the long way. So there is
nothing to be added here when the platform adds a shape.
"""

from typing import Any, Literal

import msgspec

from kaiwa.contracts import times
from kaiwa.contracts.events import Kind, Message
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.ingest.normalise.envelope import Found
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


class _Entry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: Any  # as the long way reads them
    time: Any
    messaging: list[msgspec.Raw]


class _Notification(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    object: Literal["instagram"]
    entry: list[_Entry]


_RECEIVED = Kind.MESSAGE_RECEIVED  # looked up once, as every event needs it
_decode = msgspec.json.Decoder(_Item).decode
_notification = msgspec.json.Decoder(_Notification).decode


def items(body: bytes) -> list[Found] | None:
    """Every item of a body in which all is plain but perhaps the items; None where it is not that plain."""
    try:
        if not body.isascii():
            body.decode("utf-8")
        entries = _notification(body).entry
    except UNREADABLE:
        return None
    if not all(entry.messaging for entry in entries):  # an entry without items is one itself
        return None
    return [
        Found(item, "messaging", account_id, delivered_at)
        for entry in entries
        for account_id, delivered_at in [(identifier(entry.id), times.platform_rfc3339(entry.time))]
        for item in entry.messaging
    ]


def sight(item: msgspec.Raw, account_id: str | None) -> Sighting | None:
    """Read one item of ``messaging`` or ``standby``; None where it is not that plain."""
    try:
        found = _decode(item)
    except UNREADABLE:
        return None
    sender, recipient = found.sender.id, found.recipient.id
    customer_id, other = (recipient, sender) if sender == account_id else (sender, recipient)
    moment, message = found.timestamp, found.message
    if account_id is None or not message.mid or identifier(customer_id) is None:
        return None
    if other != account_id and identifier(other) is None:
        return None
    occurred_at = times.platform_rfc3339(moment)
    if occurred_at is None or not isinstance(moment, int) or moment < times.FIRST_MS:
        return None
    meaning = Meaning(_RECEIVED, (message.mid,), Message(message.mid, message.text))
    return Sighting(meaning, customer_id, occurred_at, whole=True)
