"""Which records an unsend erases, and which it leaves alone."""

from typing import Any

import pytest
from happenings import event
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.compliance.core.carriers import in_bytes, in_event, merely_mentions
from kaiwa.contracts.events import Kind

MID = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE"
OTHER = "aWdfZAG1faXRlbToxOklHTWVzc2FnZBother"
RAW = {"message": {"mid": MID, "something": "new"}}

CARRIES: dict[str, tuple[Kind, dict[str, Any], Any]] = {
    "message": (Kind.MESSAGE_RECEIVED, {"mid": MID, "text": "t"}, None),
    "echo": (Kind.MESSAGE_ECHOED, {"mid": MID, "attachments": [{"type": "image", "url": "u"}]}, None),
    "edit": (Kind.MESSAGE_EDITED, {"mid": MID, "text": "t", "num_edit": 1}, None),
    "postback": (Kind.POSTBACK_RECEIVED, {"mid": MID, "title": "t"}, None),
    "unknown": (Kind.UNKNOWN, {}, {"odd": [{"mid": MID}]}),
    "unknown, the mid in running text": (Kind.UNKNOWN, {}, {"odd": f"see {MID}, please"}),
    "a kind nobody knows": ("message.starred", {"about": {"mid": MID}}, None),  # type: ignore[dict-item]  # open
    "a message of the wrong shape": (Kind.MESSAGE_RECEIVED, {"mid": MID, "text": 7}, None),
    "an unsend that kept more than the mid": (Kind.MESSAGE_UNSENT, {"mid": MID}, RAW),
    "a reaction that kept more than the mid": (Kind.REACTION_ADDED, {"mid": MID}, RAW),
}
MENTIONS: dict[str, tuple[Kind, dict[str, Any], Any]] = {
    "unsend": (Kind.MESSAGE_UNSENT, {"mid": MID}, None),
    "seen": (Kind.MESSAGE_SEEN, {"mid": MID}, None),
    "reaction": (Kind.REACTION_ADDED, {"mid": MID, "emoji": "❤"}, None),
    "a reply that quotes it": (
        Kind.MESSAGE_RECEIVED,
        {"mid": OTHER, "text": "t", "reply_to": {"mid": MID}},
        None,
    ),
}


@pytest.mark.parametrize("name", CARRIES)
def test_carries(name: str) -> None:
    kind, data, raw = CARRIES[name]
    happened = event(kind, data, customer="c", raw=raw)
    assert MID in in_event(happened)
    assert not merely_mentions(happened, MID)


@pytest.mark.parametrize("name", MENTIONS)
def test_only_mentions(name: str) -> None:
    kind, data, raw = MENTIONS[name]
    happened = event(kind, data, customer="c", raw=raw)
    assert MID not in in_event(happened)
    assert merely_mentions(happened, MID)


@pytest.mark.parametrize(
    "value",
    [
        b'{"entry":[{"messaging":[{"message":{"mid":"m_1","text":"t"}}]}]}',
        b'{"message":{"mid" : "m_1"',
        b'\xff\xfe"mid":"m_1"\x00',
        b'[{"mid":["m_1"]}]',
        rb'{"mid":"m\u005f1", not JSON',
        rb'{"mid":"m_1"} and {"mid":"m\q"}',
        b"[" * 100_000 + b'"mid":"m_1"',
    ],
    ids=[
        "a delivery",
        "cut off",
        "junk around it",
        "in a list",
        "escaped, cut off",
        "escaped wrongly",
        "nested too deep",
    ],
)
def test_a_mid_is_read_in_any_bytes(value: bytes) -> None:
    """Broken by: giving up where the bytes are no JSON."""
    assert "m_1" in in_bytes(value)


def test_a_mid_without_a_name_is_known_by_its_shape() -> None:
    assert in_bytes(f"GET /?x={MID}&y=short".encode()) == {MID}
    assert in_bytes(b'{"text":"nothing like a mid in here"}') == frozenset()


@given(st.binary())
def test_reading_never_fails(value: bytes) -> None:
    in_bytes(value)
