"""Facts for analytics say how much and when, never who or what."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from deliveries import body, entry
from hypothesis import given, settings
from hypothesis import strategies as st

from kaiwa.contracts import topics
from kaiwa.contracts.analytics import decode_inbound
from kaiwa.contracts.events import Event
from kaiwa.ingest.facts import inbound, record
from kaiwa.ingest.normalise import normalise

NOW = datetime(2026, 11, 22, 10, 0, 0, 250_000, tzinfo=UTC)
KEY = b"p" * 32
CANARY = "canary7f3a"


def events(delivery: bytes) -> list[Event]:
    return [
        found.event for found in normalise(delivery, app_id="1001", received_at=NOW, id_key=b"k" * 32).found
    ]


def planted(value: Any) -> Any:
    """Every string replaced by one that holds the canary; numbers by one that nobody else writes."""
    match value:
        case str():
            return f"{CANARY}{value}"
        case bool() | None:
            return value
        case int():
            return 424242
        case list():
            return [planted(one) for one in value]
        case dict():
            return {name: planted(one) for name, one in value.items()}
        case _:
            return value


MESSAGE = {
    "mid": "m",
    "text": "hello",
    "attachments": [{"type": "image", "payload": {"url": "https://cdn/x", "title": "t"}}],
    "reply_to": {"mid": "m0"},
    "quick_reply": {"payload": "YES"},
    "referral": {"ref": "r", "ad_id": 5},
}
PARTS: dict[str, Any] = {
    "message": MESSAGE,
    "message_edit": {"mid": "m", "text": "b"},
    "reaction": {"mid": "m", "reaction": "love"},
    "read": {"mid": "m"},
    "postback": {"mid": "m", "title": "t", "payload": "p"},
    "referral": {"ref": "r"},
    "optin": {"type": "t", "token": "k"},
    "response_feedback": {"feedback": "Good", "mid": "m"},
    "policy_enforcement": {"action": "block", "reason": "r"},
    "pass_thread_control": {"metadata": "m"},
    "hologram": {"any": "thing"},
}


@pytest.mark.parametrize("part", PARTS)
def test_no_personal_data_passes(part: str) -> None:
    """Operations 3. Broken by putting an id, a text or any word of Meta's into a fact."""
    item = planted({"sender": {"id": "c"}, "recipient": {"id": "a"}, part: PARTS[part]})
    item["timestamp"] = 1_795_000_000_000
    if part == "message_edit":
        item[part]["num_edit"] = 1
    if part == "reaction":
        item[part]["action"] = "react"
    [event] = events(body(entry(item, account=f"{CANARY}a")))
    written = record(event, KEY)
    everything = b"".join([written.key, written.value or b"", *(value for _, value in written.headers)])
    assert CANARY.encode() in event.id.encode() + msgspec.json.encode(event)
    assert CANARY.encode() not in everything
    assert event.id.encode() not in everything
    assert b"424242" not in everything


def test_nor_of_comments_and_tests() -> None:
    value = planted({"id": "c", "from": {"id": "u", "username": "n"}, "text": "t", "media": {"id": "m"}})
    items = [{"field": field, "value": value} for field in ("comments", "live_comments", "mentions", CANARY)]
    for event in events(
        body(entry(*items, stream="changes", account=CANARY), entry(*items, stream="changes", account="0"))
    ):
        assert CANARY.encode() not in (record(event, KEY).value or b"")


def test_what_is_counted() -> None:
    item = {
        "sender": {"id": "1"},
        "recipient": {"id": "2"},
        "timestamp": 1_795_000_000_000,
        "message": MESSAGE,
    }
    [event] = events(body(entry(item, account="2")))
    fact = inbound(event, KEY)
    assert (fact.kind, fact.stream, fact.hour) == (
        "message.received",
        "messaging",
        "2026-11-18T11:00:00.000Z",
    )
    assert (fact.text_bytes, fact.attachments, fact.delay_ms) == (5, 1, 341_600_250)
    assert (fact.is_reply, fact.is_quick_reply, fact.is_referred, fact.is_own) == (True, True, True, False)
    written = record(event, KEY)
    assert (written.topic, written.key) == (topics.ANALYTICS_INBOUND, fact.conversation.encode())
    assert decode_inbound(written.value or b"") == fact


def test_one_conversation_one_pseudonym_until_the_key_changes() -> None:
    both = events(
        body(
            entry(
                {"sender": {"id": "1"}, "recipient": {"id": "2"}, "message": {"mid": "m"}},
                {"sender": {"id": "2"}, "recipient": {"id": "1"}, "message": {"mid": "e", "is_echo": True}},
                {"sender": {"id": "3"}, "recipient": {"id": "2"}, "message": {"mid": "o"}},
                account="2",
            )
        )
    )
    asked, answered, other = (inbound(event, KEY) for event in both)
    assert asked.conversation == answered.conversation != other.conversation
    assert asked.account == answered.account == other.account
    assert (answered.is_own, asked.is_own) == (True, False)
    assert inbound(both[0], b"q" * 32).conversation != asked.conversation
    assert record(both[0], KEY).headers == record(both[0], KEY).headers


@settings(deadline=None)  # the machine is shared
@given(
    st.dictionaries(
        st.sampled_from(["text", "attachments", "reply_to", "is_own", "x"]),
        st.none() | st.booleans() | st.text() | st.integers(),
    )
)
def test_any_data_makes_a_fact(data: dict[str, Any]) -> None:
    [event] = events(body(entry({"message": {"mid": "m"}, "sender": {"id": "1"}})))
    changed = msgspec.structs.replace(event, data=msgspec.Raw(msgspec.json.encode(data)))
    assert decode_inbound(record(changed, KEY).value or b"").kind == event.kind
