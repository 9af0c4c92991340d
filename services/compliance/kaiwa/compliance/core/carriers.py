"""Which messages a record carries: the rule that decides what an unsend erases.

A record **carries** a message when the message is its subject and the record holds more of it than the mid:
the message, its echo, an edit, a postback. It also carries every message that can be read anywhere in it when
nobody knows its shape: ``unknown`` and other open kinds, and quarantine, which is original bytes.

A record that only **mentions** a mid stays: a reply that quotes it is another person's message, a reaction or
a seen mark holds nothing of what was written, and the unsend itself is the mid alone. If one of the last three
kept its ``raw`` (decoding dropped something, and nobody knows what), it counts as a carrier after all.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from kaiwa.contracts.events import NOTHING, Event, Kind, data_of

_CONTENT = frozenset(
    {Kind.MESSAGE_RECEIVED, Kind.MESSAGE_ECHOED, Kind.MESSAGE_EDITED, Kind.POSTBACK_RECEIVED}
)
_REFERENCE = frozenset({Kind.MESSAGE_UNSENT, Kind.MESSAGE_SEEN, Kind.REACTION_ADDED, Kind.REACTION_REMOVED})

_NAMED = re.compile(rb'"mid"\s*:\s*"((?:[^"\\]|\\.)*)"')
_SHAPED = re.compile(r"[A-Za-z0-9_$.+-]{32,}={0,2}")
"""What a mid looks like where no name says so: the platform's have over 100 such characters (platform.md, terms)."""


def in_event(event: Event) -> frozenset[str]:
    """The mids of the messages that this event carries."""
    mid = _subject(event)
    if mid is None:
        return in_bytes(event.data) | in_bytes(event.raw)
    holds_more = event.kind in _CONTENT or event.raw != NOTHING
    return frozenset([mid]) if holds_more else frozenset()


def merely_mentions(event: Event, mid: str) -> bool:
    """Whether an event in which ``mid`` can be read has another subject, or nothing but the mid."""
    return _subject(event) is not None and mid not in in_event(event)


def _subject(event: Event) -> str | None:
    """The message that the event is about; None where its kind or its shape does not tell."""
    if event.kind not in _CONTENT and event.kind not in _REFERENCE:
        return None
    try:
        return data_of(event).mid or None
    except msgspec.DecodeError:
        return None


def in_bytes(value: msgspec.Raw | bytes) -> frozenset[str]:
    """Every mid that can be read in bytes of unknown shape, JSON or not."""
    try:
        return frozenset(_walk(json.loads(bytes(value)), named=False))
    except (ValueError, RecursionError):
        pass
    named = (_unescaped(match) for match in _NAMED.findall(bytes(value)))
    return frozenset(mid for mid in named if mid) | frozenset(_shaped(bytes(value)))


def _walk(value: Any, *, named: bool) -> Iterator[str]:
    match value:
        case str():
            if named and value:
                yield value
            yield from _SHAPED.findall(value)
        case dict():
            for name, inner in value.items():
                yield from _walk(inner, named=name == "mid")
        case list():
            for inner in value:
                yield from _walk(inner, named=named)


def _unescaped(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _shaped(value: bytes) -> Iterator[str]:
    yield from _SHAPED.findall(value.replace(rb"\/", b"/").decode("utf-8", "replace"))
