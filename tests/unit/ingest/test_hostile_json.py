"""JSON that breaks parsers costs at most its own item, and whatever is kept can be read by every reader."""

import sys
from datetime import UTC, datetime

import msgspec
import pytest
from deliveries import ACCOUNT, SENT_MS, body, entry, incoming, notification, text

from kaiwa.contracts import events
from kaiwa.contracts.quarantine import Cause
from kaiwa.ingest.normalise import Reading, normalise
from kaiwa.meta.wire import dump

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def read(delivery: bytes) -> Reading:
    return normalise(delivery, app_id="1001", received_at=NOW, id_key=b"k" * 32)


def kinds(reading: Reading) -> list[str]:
    for found in reading.found:
        again = events.decode(events.encode(found.event))
        msgspec.json.decode(again.data)
        assert again == found.event
    return [found.event.kind for found in reading.found]


def among_neighbours(item: bytes) -> bytes:
    """A body with ``item`` between two sound messages."""
    placeholder = b'"HERE"'
    return body(entry(text("m1"), "HERE", text("m2"))).replace(placeholder, item)


@pytest.mark.parametrize(
    "item",
    [
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"{}",
        b'{"message":null}',
        b'{"message":{"mid":["m"]}}',
        b'{"sender":{"id":1.5},"n":1e400,"message":{"mid":"m"}}',
        b'{"timestamp":' + b"9" * 5000 + b"}",
        b'{"sender":{"id":-1},"recipient":{"id":true},"message":{"mid":"m"}}',
        b'{"sender":{"id":"\\u0000:\\u3042"},"message":{"mid":"m"}}',
        b'{"a":' * 400 + b"1" + b"}" * 400,
        b"[" * 400 + b"]" * 400,
    ],
    ids=lambda item: item[:40].decode(),
)
def test_an_item_that_cannot_be_understood_is_kept_and_costs_no_neighbour(item: bytes) -> None:
    reading = read(among_neighbours(item))
    assert kinds(reading) == ["message.received", "unknown", "message.received"]
    assert bytes(reading.found[1].item) == item
    assert reading.unreadable is None


def test_numbers_beyond_every_type_are_kept_as_text() -> None:
    item = dump(incoming(message={"mid": "m", "quick_reply": {"n": "BIG", "m": "HUGE"}}))
    item = item.replace(b'"BIG"', b"1e999").replace(b'"HUGE"', b"9" * 5000)
    [event] = (found.event for found in read(body(entry("HERE")).replace(b'"HERE"', item)).found)
    assert events.data_of(event).quick_reply == {"n": "1e999", "m": "9" * 5000}


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (rb"cut \ud83d", "cut �"),
        (rb"cut \ud83d\ud83d\udc4b", "cut �\U0001f44b"),
        (rb"\udc4b first", "� first"),
        (rb"\ud83d\n", "�\n"),
        (rb"a backslash \\ud83d", r"a backslash \ud83d"),
    ],
)
def test_half_an_emoji_costs_half_an_emoji(written: bytes, read_as: str) -> None:
    delivery = body(entry(text("m1", "HERE"), text("m2"))).replace(b"HERE", written)
    reading = read(delivery)
    assert kinds(reading) == ["message.received"] * 2
    assert events.data_of(reading.found[0].event).text == read_as


def test_of_duplicate_keys_the_last_counts() -> None:
    item = b'{"sender":{"id":"1"},"sender":{"id":"2"},"message":{"mid":"m"}}'
    assert read(among_neighbours(item)).found[1].event.customer_id == "2"


@pytest.mark.parametrize(
    "delivery",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b'{"object":"instagram","entry":[]} x',
        b'{"object":"instagram","entry":["\xff"]}',
        b'{"object":"instagram","entry":[{"id":"1","time":1,"messaging":["\xff"]}]}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda delivery: repr(delivery[:30]),
)
def test_what_is_no_json_is_kept_whole(delivery: bytes) -> None:
    assert read(delivery) == Reading(unreadable=Cause.NOT_JSON)


def test_no_depth_of_nesting_raises() -> None:
    """Near the interpreter's limit one level of ours may pass and the next fail."""
    for depth in range(1, sys.getrecursionlimit() + 50):
        reading = read(body(entry(text("m1"), "HERE")).replace(b'"HERE"', b"[" * depth + b"]" * depth))
        assert reading.unreadable is Cause.NOT_JSON or len(reading.found) == 2


@pytest.mark.parametrize(
    "delivery",
    [b"5", b"null", b"[]", b"{}", b'{"object":"instagram"}', b'{"object":5,"entry":[]}', b'{"object":"instagram","entry":5}'],
)  # fmt: skip
def test_what_is_no_notification_is_kept_whole(delivery: bytes) -> None:
    assert read(delivery).found == ()
    assert read(delivery).unreadable is Cause.WRONG_SHAPE


def test_other_objects_are_counted_and_not_stored() -> None:
    assert read(dump(notification(entry(text("m1")), about="page"))) == Reading(others=1)


def test_a_list_of_notifications() -> None:
    page = notification(entry(text("m1")), about="page")
    reading = read(dump([notification(entry(text("m1"))), page, notification(entry(text("m2"))), 5]))
    assert kinds(reading) == ["message.received"] * 2
    assert (reading.others, reading.unreadable) == (1, Cause.WRONG_SHAPE)


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        ({"id": ACCOUNT, "time": SENT_MS}, ["unknown"]),
        ({"id": ACCOUNT, "time": SENT_MS, "changed_fields": ["messages"]}, ["subscription.misconfigured"]),
        ({"id": ACCOUNT, "changed_fields": None}, ["unknown"]),
        ({"id": ACCOUNT, "messaging": 5, "standby": [text("m1")]}, ["message.received", "unknown"]),
        ({"id": ACCOUNT, "messaging": None, "standby": [text("m1")]}, ["message.received"]),
        ({"id": ACCOUNT, "messaging": [text("m1")], "hop_context": []}, ["message.received"]),
        (
            {"messaging": [text("m1")], "standby": [text("m2")], "changes": [{}], "id": ACCOUNT},
            ["message.received", "message.received", "unknown"],
        ),
        ({"id": ["no", "id"], "messaging": [text("m1")]}, ["unknown"]),
        (5, ["unknown"]),
    ],
)
def test_entries_of_any_mixture(delivered: object, expected: list[str]) -> None:
    assert kinds(read(body(delivered))) == expected


def test_an_entry_without_items_is_the_same_event_at_the_next_attempt() -> None:
    first, second = (
        read(body({"id": ACCOUNT, "time": SENT_MS + n, "changed_fields": ["messages"]})) for n in (0, 60_000)
    )
    assert first.found[0].event.id == second.found[0].event.id
