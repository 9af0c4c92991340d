"""From a body to its items: any number of notifications, entries, and of every array in an entry.

Each level is cut into raw slices and only the items are decoded, so that one of them cannot spoil its neighbours.
Source: platform.md 1.4.
"""

from collections.abc import Iterator

import msgspec

from kaiwa.contracts import times
from kaiwa.contracts.events import Stream
from kaiwa.ingest.normalise.fields import identifier, mended

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw] | None).decode
_value = msgspec.json.Decoder().decode

_STREAMS: tuple[Stream, ...] = ("messaging", "standby", "changes")
_ITSELF_AN_ITEM = {*_STREAMS, "field", "changed_fields"}
"""Left in an entry once its arrays are taken: an array that is none, the flat form, values switched off."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """One item as it was delivered, and what its entry says about it."""

    item: msgspec.Raw
    stream: Stream
    account_id: str | None
    delivered_at: str | None


class NotJsonError(ValueError):
    """The body is no JSON."""


def notifications(body: bytes) -> list[msgspec.Raw]:
    """The notifications in ``body``: one object, or, as some samples of Meta's have it, a list of them.

    Raises NotJsonError, and like all below RecursionError for what is nested too deeply.
    """
    try:
        if not body.isascii():
            body.decode("utf-8")
        try:
            whole = msgspec.json.decode(body, type=msgspec.Raw)
        except msgspec.DecodeError:
            whole = msgspec.json.decode(mended(body), type=msgspec.Raw)
        listed = _elements(whole)
    except ValueError:
        raise NotJsonError from None
    return [whole] if listed is None else listed


def object_of(notification: msgspec.Raw) -> str | None:
    """``instagram``, ``page``, …; None where this is not a notification at all."""
    fields = _fields(notification) or {}
    name = _plain(fields.get("object"))
    entries = _elements(fields["entry"]) if "entry" in fields else None
    return name if isinstance(name, str) and entries is not None else None


def items(notification: msgspec.Raw) -> Iterator[Found]:
    """Every item of every entry; an entry in which no item can be found is one itself."""
    for entry in _elements(_object(notification).get("entry")) or ():
        yield from _items_of(entry)


def _items_of(entry: msgspec.Raw) -> Iterator[Found]:
    fields = _fields(entry)
    if fields is None:
        yield Found(entry, "changes", None, None)
        return
    account_id = identifier(_plain(fields.pop("id", None)))
    delivered_at = times.platform_rfc3339(_plain(fields.pop("time", None)))
    empty = True
    for stream in _STREAMS:
        elements = _elements(fields.get(stream))
        if elements is not None:
            fields.pop(stream, None)
            empty = empty and not elements
            yield from (Found(item, stream, account_id, delivered_at) for item in elements)
    if empty or not fields.keys().isdisjoint(_ITSELF_AN_ITEM):
        # Without id and time, which a redelivery need not share. The flat form reads like an item of `changes`.
        yield Found(msgspec.Raw(msgspec.json.encode(fields)), "changes", account_id, delivered_at)


def _fields(raw: msgspec.Raw) -> dict[str, msgspec.Raw] | None:
    try:
        return _object(raw)
    except msgspec.ValidationError:
        return None


def _elements(raw: msgspec.Raw | None) -> list[msgspec.Raw] | None:
    """The elements of an array, none where there is no array, and None for what is no array."""
    try:
        return [] if raw is None else _list(raw) or []
    except msgspec.ValidationError:
        return None


def _plain(raw: msgspec.Raw | None) -> object:
    try:
        return None if raw is None else _value(raw)
    except msgspec.DecodeError:
        return None
