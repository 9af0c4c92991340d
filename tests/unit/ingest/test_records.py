"""Records of a delivery: where they go, and what their headers say."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from deliveries import ACCOUNT, CUSTOMER, SENT, body, entry, outgoing, text

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import events, quarantine, topics
from kaiwa.contracts.partition import of_conversation
from kaiwa.ingest.normalise import normalise
from kaiwa.ingest.publish import Delivery, records

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY = b"k" * 32


def made(
    delivery: bytes, *, always_raw: bool = False, app_of: dict[str, str] | None = None
) -> list[tuple[str, Outgoing]]:
    reading = normalise(delivery, app_id="1001", received_at=NOW, id_key=KEY, always_raw=always_raw)
    brought = Delivery(delivery, "1001", NOW)
    return list(records(reading, brought, id_key=KEY, partitions=12, app_of=app_of or {}))


def headers(record: Outgoing) -> dict[str, Any]:
    return {name: value.decode("ascii") for name, value in record.headers}


def test_an_event_is_keyed_by_its_id_and_described_in_its_headers() -> None:
    [(kind, record)] = made(body(entry(text("m1"))))
    event = events.decode(record.value or b"")
    assert (kind, record.topic, record.key) == ("message.received", topics.EVENTS, event.id.encode())
    described = headers(record)
    assert described.pop("traceparent").startswith("00-")
    assert described == {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": f"/instagram/{ACCOUNT}",
        "ce_type": "instagram.message.received.v1",
        "ce_time": SENT,
        "content-type": "application/json",
    }


def test_both_sides_of_a_conversation_share_its_partition() -> None:
    both = made(body(entry(text("m1"), outgoing(message={"mid": "m2", "is_echo": True}))))
    assert {record.partition for _, record in both} == {of_conversation(ACCOUNT, CUSTOMER, 12)}


def test_records_keep_the_order_of_the_items() -> None:
    """Promise 1. There are more than are read at once: breaks if a part of them is left, or passes another."""
    mids = [f"m{n}" for n in range(300)]
    written = made(body(entry(*(text(mid) for mid in mids))))
    assert [events.data_of(events.decode(record.value or b"")).mid for _, record in written] == mids


def test_an_event_beyond_the_record_size_goes_to_quarantine_as_its_item() -> None:
    large = text("m1", "x" * (5 * 1024 * 1024))
    (_, small), (cause, record) = made(body(entry(text("m0"), large)), always_raw=True)
    assert (small.topic, record.topic, cause) == (topics.EVENTS, topics.QUARANTINE, "too_large")
    assert msgspec.json.decode(record.value or b"") == large
    assert headers(record) == {
        quarantine.REASON: "too_large",
        quarantine.SOURCE: "webhook",
        quarantine.ACCOUNT: ACCOUNT,
        quarantine.APP: "1001",
        quarantine.TIME: "2026-11-22T10:00:00.000Z",
        quarantine.STREAM: "messaging",
        quarantine.OCCURRED: SENT,
    }


def test_an_account_of_another_app_is_not_vouched_for() -> None:
    """Broken by leaving out the look into the registry (``_record``)."""
    both = body(entry(text("m1")), entry(text("m1"), account="2"))
    (cause, kept), (kind, _) = made(both, app_of={ACCOUNT: "1002"})
    assert (cause, kept.topic, kind) == ("foreign_account", topics.QUARANTINE, "message.received")
    assert msgspec.json.decode(kept.value or b"") == text("m1")
    assert headers(kept)[quarantine.APP] == "1001"
    assert [name for name, _ in made(both, app_of={ACCOUNT: "1001"})] == ["message.received"] * 2


def test_a_body_that_is_no_json_goes_to_quarantine_and_meets_itself_when_it_comes_again() -> None:
    [(cause, record)] = made(b"nonsense")
    assert (cause, record.topic, record.value) == ("not_json", topics.QUARANTINE, b"nonsense")
    assert made(b"nonsense")[0][1].key == record.key
    assert made(b"other")[0][1].key != record.key


def test_other_objects_make_no_record() -> None:
    assert made(b'{"object":"page","entry":[]}') == []
