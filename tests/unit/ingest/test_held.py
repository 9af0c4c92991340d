"""What quarantine holds, and that a replay makes the event that it would have been."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from deliveries import ACCOUNT, body, entry, text

from kaiwa.bus.records import Outgoing
from kaiwa.contracts.quarantine import Cause
from kaiwa.contracts.topics import HEARTBEAT_KEY
from kaiwa.ingest.held import Held, delivery, held
from kaiwa.ingest.normalise import normalise
from kaiwa.ingest.publish import Delivery, records

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY = b"k" * 32


def as_read(record: Outgoing, offset: int = 0) -> Any:
    value, key = record.value, record.key
    size = len(value or b"")
    headers = tuple(record.headers)
    return ConsumerRecord(
        record.topic, 3, offset, 1_795_000_000_000, 1, key, value, None, len(key), size, headers
    )


def made(sent: bytes, **app_of: str) -> list[tuple[str, Outgoing]]:
    reading = normalise(sent, app_id="1001", received_at=NOW, id_key=KEY)
    return list(records(reading, Delivery(sent, "1001", NOW), id_key=KEY, partitions=12, app_of=app_of))


def replayed(one: Held) -> list[tuple[str, Outgoing]]:
    brought = delivery(one)
    assert brought is not None
    reading = normalise(brought.body, app_id=brought.app_id, received_at=brought.received_at, id_key=KEY)
    return list(records(reading, brought, id_key=KEY, partitions=12, app_of={}))


def test_what_is_left_after_tombstones() -> None:
    one, two = (Outgoing("q", key, b"bytes") for key in (b"A", b"B"))
    gone, beat = Outgoing("q", b"A", None), Outgoing("q", HEARTBEAT_KEY, b"")
    assert list(held(map(as_read, (one, two, beat, gone)))) == ["B"]
    assert list(held(map(as_read, (one, gone, one)))) == ["A"]


@pytest.mark.parametrize(
    "item",
    [
        entry(text("m1")),
        entry(text("m1"), stream="standby"),
        entry({"field": "comments", "value": {"id": "c1"}}, stream="changes"),
        {"id": ACCOUNT, "time": 1520622968, "field": "comments", "value": {"id": "c1"}},
        {"id": ACCOUNT, "time": 1520622968, "changed_fields": ["messages"]},
        entry({"message": 5}),
    ],
    ids=lambda item: next(reversed(item)),
)
def test_a_foreign_item_becomes_the_event_it_would_have_been(item: Any) -> None:
    """Once the registry is put right. Broken by losing the stream, the time or the account on the way."""
    [(kind, expected)] = made(body(item))
    [(cause, kept)] = made(body(item), **{ACCOUNT: "1002"})
    assert cause == Cause.FOREIGN_ACCOUNT
    [one] = held([as_read(kept)]).values()
    [(again, record)] = replayed(one)
    assert (again, record.key, record.value, record.partition) == (
        kind,
        expected.key,
        expected.value,
        expected.partition,
    )


def test_a_body_is_read_as_it_came() -> None:
    [(_, kept)] = made(b"nonsense")
    [one] = held([as_read(kept)]).values()
    assert [label for label, _ in replayed(one)] == [Cause.NOT_JSON]
    assert one.summary() == {
        "id": kept.key.decode(),
        "reason": "not_json",
        "source": "webhook",
        "app_id": "1001",
        "account_id": None,
        "received_at": "2026-11-22T10:00:00.000Z",
        "bytes": 8,
    }


def test_what_others_wrote_is_not_ours_to_replay() -> None:
    bare = Outgoing("q", b"A", b"{}")
    assert delivery(held([as_read(bare)])["A"]) is None
