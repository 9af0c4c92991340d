"""Whoever unsent it, in whichever stream that came: the record that holds the message is erased, before and after."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from happenings import event, unsend

from kaiwa.compliance.core.erasure import Known, decide
from kaiwa.compliance.core.reading import read
from kaiwa.contracts import topics
from kaiwa.contracts.events import Event, Kind, encode

KEY = b"k" * 32
MID = "m_" + "1" * 40
PICTURE = {"type": "image", "url": "https://example.com/picture.jpg"}
HOLDS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "theirs": (Kind.MESSAGE_RECEIVED, {"mid": MID, "text": "hello"}),
    "theirs, with attachments": (Kind.MESSAGE_RECEIVED, {"mid": MID, "attachments": [PICTURE, PICTURE]}),
    "ours": (Kind.MESSAGE_ECHOED, {"mid": MID, "text": "hello", "app_id": "1001"}),
    "ours, with attachments": (Kind.MESSAGE_ECHOED, {"mid": MID, "attachments": [PICTURE]}),
    "an edit": (Kind.MESSAGE_EDITED, {"mid": MID, "text": "hello", "num_edit": 2}),
    "a button": (Kind.POSTBACK_RECEIVED, {"mid": MID, "title": "Yes", "payload": "YES"}),
}


@dataclass
class Record:
    value: bytes
    key: bytes
    offset: int
    topic: str = topics.EVENTS
    partition: int = 0
    timestamp: int = 1_795_000_000_000
    headers: tuple[tuple[str, bytes], ...] = ()


def records(*happened: Event, stream: str) -> list[Record]:
    told = [msgspec.structs.replace(each, stream=stream) for each in happened]
    return [Record(encode(each), each.id.encode(), n) for n, each in enumerate(told)]


@pytest.mark.parametrize("stream", ["messaging", "standby"])
@pytest.mark.parametrize("what", HOLDS)
@pytest.mark.parametrize("first", ["the message", "the unsend"])
def test_what_was_unsent_is_erased(what: str, stream: str, first: str) -> None:
    """Broken by: reading one stream, or one side's messages alone; leaving what holds no text."""
    kind, data = HOLDS[what]
    content, gone = event(kind, data, customer="c"), unsend(MID, customer="c")
    batch = read(
        records(*([content, gone] if first == "the message" else [gone, content]), stream=stream), KEY
    )
    (case,) = decide(batch.copies, batch.unsends, Known()).cases
    assert {place.key for place in case.places or ()} == {content.id.encode()}

    again = read(records(content, stream=stream), KEY)
    known = Known(unsent=frozenset(case.subject.hashes(KEY)))
    (late,) = decide(again.copies, (), known).cases
    assert (late.reason, {place.key for place in late.places or ()}) == ("late_copy", {content.id.encode()})
