"""From a signed body to events. Pure and total: whatever JSON it is given, it returns, and one item makes one event.

    body → envelope (notifications, entries, items) → messaging or changes (shapes) → event

An item that has no known shape, or lacks what its kind needs, is an ``unknown`` event that carries it as ``raw``.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from kaiwa.contracts import ids
from kaiwa.contracts.events import NOTHING, Event, Kind, encode
from kaiwa.contracts.quarantine import Cause
from kaiwa.contracts.times import rfc3339
from kaiwa.ingest.normalise import changes, messaging, plain
from kaiwa.ingest.normalise.envelope import Found, NotJsonError, items, notifications, object_of
from kaiwa.ingest.normalise.fields import decoded, too_deep
from kaiwa.ingest.normalise.meaning import UNREADABLE, Meaning, Sighting

__all__ = ["Normalised", "Reading", "normalise"]

_OBJECT = "instagram"
_TEST_ACCOUNT = "0"
"""Whose events the dashboard's "Test" button makes (platform.md 1.4)."""
_UNKNOWN = Kind.UNKNOWN  # looked up once: every event is compared with it
_AT_ONCE = 128
"""Items that go through all steps together: one by one costs more, and more than these fall out of the caches."""
_NOTHING_KNOWN = Meaning(_UNKNOWN, (), {})
_WITH_RAW = frozenset({_UNKNOWN, Kind.TEST_RECEIVED, Kind.SUBSCRIPTION_MISCONFIGURED})


class Normalised(msgspec.Struct, frozen=True, gc=False):
    """An event, and the item as it was delivered."""

    event: Event
    item: msgspec.Raw


class Reading(NamedTuple):
    """What a body holds."""

    found: tuple[Normalised, ...] = ()
    others: int = 0
    """Notifications of other objects (``page``), which are not ours to keep."""
    unreadable: Cause | None = None
    """The body, or a notification in it, is none that we know: all of it is to be kept as it came."""

    @property
    def undecoded(self) -> int:
        """The body, if it is no notification, and the items that are no objects or nested beyond reading."""
        unknown = [found.event for found in self.found if found.event.kind is _UNKNOWN]
        return sum(bytes(event.raw)[:1] != b"{" for event in unknown) + (self.unreadable is not None)


def normalise(
    body: bytes, *, app_id: str, received_at: datetime, id_key: bytes, always_raw: bool = False
) -> Reading:
    """Read a body whose signature named ``app_id``."""
    received = rfc3339(received_at)

    def read(delivered: Iterable[Found]) -> tuple[Normalised, ...]:
        done = list[Normalised]()
        waiting = iter(delivered)
        while seen := [(found, _sighted(found)) for found in islice(waiting, _AT_ONCE)]:
            names = ids.opaque_each(id_key, [_name(app_id, found, sighting) for found, sighting in seen])
            done += [
                Normalised(_event(found, sighting, name, app_id, received, always_raw=always_raw), found.item)
                for (found, sighting), name in zip(seen, names, strict=True)
            ]
        return tuple(done)

    try:
        if (usual := plain.items(body)) is not None:
            return Reading(read(usual))
        delivered = notifications(body)
        objects = [object_of(notification) for notification in delivered]
        found = read(
            item
            for notification, name in zip(delivered, objects, strict=True)
            if name == _OBJECT
            for item in items(notification)
        )
    except (NotJsonError, RecursionError):
        return Reading(unreadable=Cause.NOT_JSON)
    others = sum(name not in (_OBJECT, None) for name in objects)
    known = bool(objects) and None not in objects
    return Reading(found, others, None if known else Cause.WRONG_SHAPE)


def _sighted(found: Found) -> Sighting:
    usual = found.stream != "changes" and found.account_id != _TEST_ACCOUNT
    if usual and (plainly := plain.sight(found.item, found.account_id)) is not None:
        return plainly
    value = None if too_deep(bytes(found.item)) else decoded(found.item)
    if not isinstance(value, dict):
        return UNREADABLE
    if found.account_id == _TEST_ACCOUNT:
        return changes.test(value)
    read = changes.sight if found.stream == "changes" else messaging.sight
    return read(value, found.account_id)


def _name(app_id: str, found: Found, sighting: Sighting) -> tuple[ids.Parts, ids.Parts]:
    """What the event's id is made of: what it shares with others, and its own."""
    meaning = sighting.meaning or _NOTHING_KNOWN
    own = meaning.identity or (hashlib.sha256(found.item).hexdigest(),)
    return (app_id, found.account_id or "", meaning.kind), own


def _event(
    found: Found, sighting: Sighting, name: str, app_id: str, received_at: str, *, always_raw: bool
) -> Event:
    meaning, occurred_at = sighting.meaning or _NOTHING_KNOWN, sighting.occurred_at
    keep = always_raw or not sighting.whole or meaning.kind in _WITH_RAW
    return Event(
        id=name,
        kind=meaning.kind,
        app_id=app_id,
        account_id=found.account_id,
        customer_id=sighting.customer_id,
        occurred_at=occurred_at or found.delivered_at or received_at,
        time_source="delivery" if occurred_at is None else "event",
        received_at=received_at,
        stream=found.stream,
        data=msgspec.Raw(encode(meaning.data)),
        raw=_raw(found, sighting, meaning.kind) if keep else NOTHING,
    )


def _raw(found: Found, sighting: Sighting, kind: Kind) -> msgspec.Raw:
    if kind is Kind.MESSAGE_UNSENT:  # must not bring back what it takes away
        return NOTHING
    deep = sighting is UNREADABLE and too_deep(bytes(found.item))
    return msgspec.Raw(encode(bytes(found.item).decode())) if deep else found.item
