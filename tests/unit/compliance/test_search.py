"""The verifier's eye: what it finds, where it looks, and what it lets be."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest
from happenings import ACCOUNT, PARTITIONS, event, message, record, unsend
from moments import NOON

from kaiwa.bus.records import Outgoing
from kaiwa.compliance.core.erasure import Place
from kaiwa.compliance.core.search import Finding, Search, Wanted
from kaiwa.contracts import quarantine, topics
from kaiwa.contracts.events import Event, Kind, encode
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.times import rfc3339, to_ms

COUNTS = {topics.EVENTS: PARTITIONS, topics.QUARANTINE: 2}
CASE = Wanted("case", ACCOUNT, "c", "m/1", NOON)
OF_C = of_conversation(ACCOUNT, "c", PARTITIONS)


class Read(msgspec.Struct):
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    offset: int = 5
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def read(written: Outgoing) -> Read:
    return Read(written.topic, written.partition or 0, written.key, written.value)


def found(record: Read, case: Wanted = CASE) -> list[Finding]:
    return list(Search([case], COUNTS).look(record))


FOUND = {
    "message": message("m/1", "t", customer="c"),
    "unknown": event(Kind.UNKNOWN, {}, customer="c", raw="…m/1…"),
    "wrong shape": event(Kind.MESSAGE_RECEIVED, {"mid": "m/1", "text": 7}, customer="c"),
}
LEFT = {
    "another message": message("m/2", "t", customer="c"),
    "another account's": event(Kind.MESSAGE_RECEIVED, {"mid": "m/1"}, customer="c", account="2"),
    "the unsend": unsend("m/1", customer="c"),
    "a reply": event(Kind.MESSAGE_RECEIVED, {"mid": "m/2", "reply_to": {"mid": "m/1"}}, customer="c"),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_record_that_carries_the_message_is_found(name: str) -> None:
    """Broken by: trusting the index alone, which never heard of these keys."""
    happened = FOUND[name]
    (finding,) = found(read(record(happened)))
    assert finding == Finding("case", Place(topics.EVENTS, OF_C, happened.id.encode()), 5)


@pytest.mark.parametrize("name", LEFT)
def test_what_does_not_carry_it_is_left_alone(name: str) -> None:
    happened = LEFT[name]
    assert not found(Read(topics.EVENTS, OF_C, happened.id.encode(), encode(happened)))


@pytest.mark.parametrize(
    "value", [b'junk "m/1" junk', rb'{"mid":"m\/1"}'], ids=["plain", "as Meta escapes it"]
)
def test_quarantine_is_searched_in_every_partition(value: bytes) -> None:
    assert found(Read(topics.QUARANTINE, 1, b"q", value))


def test_a_tombstoned_key_is_found_whatever_it_holds() -> None:
    case = replace(CASE, places=frozenset([Place(topics.EVENTS, 3, b"known")]))
    assert found(Read(topics.EVENTS, 3, b"known", b"{}"), case)
    assert not found(Read(topics.EVENTS, 3, b"known", None), case), "its tombstone"
    assert not found(Read(topics.EVENTS, 3, b"other", b"{}"), case)


@pytest.mark.parametrize("key", [None, topics.HEARTBEAT_KEY])
def test_heartbeats_and_records_without_a_key_are_passed_over(key: bytes | None) -> None:
    assert not found(Read(topics.EVENTS, OF_C, key, b"m/1"))


def test_where_it_looks() -> None:
    quarantine = {(topics.QUARANTINE, 0), (topics.QUARANTINE, 1)}
    conversation = {(topics.EVENTS, OF_C), (topics.EVENTS, of_conversation(ACCOUNT, None, PARTITIONS))}
    everywhere = {(topics.EVENTS, number) for number in range(PARTITIONS)}
    assert Search([CASE], COUNTS).partitions == quarantine | conversation
    assert Search([replace(CASE, account_id=None)], COUNTS).partitions == quarantine | everywhere


CUTOFF = NOON
BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


def at(happened: Event, moment: datetime, *, appended: datetime = NOON) -> Read:
    told = record(msgspec.structs.replace(happened, occurred_at=rfc3339(moment)))
    return Read(told.topic, told.partition or 0, told.key, told.value, timestamp=to_ms(appended))


WIDE = {
    "customer": Wanted("case", ACCOUNT, "1234", None, CUTOFF),
    "account": Wanted("case", ACCOUNT, None, None, CUTOFF),
}
OF_THE_CUSTOMER = {
    "a message": message("m", "t", customer="1234"),
    "a reaction": event(Kind.REACTION_ADDED, {"mid": "m"}, customer="1234"),
    "the unsend": unsend("m", customer="1234"),
    "what names nobody and holds the id": event(Kind.UNKNOWN, {}, customer=None, raw={"from": "1234"}),
}
OF_ANOTHER = {
    "another customer's": message("m", "t", customer="99"),
    "a longer id": event(Kind.UNKNOWN, {}, customer=None, raw={"from": "12345"}),
    "the same id at another account": event(
        Kind.MESSAGE_RECEIVED, {"mid": "m"}, customer="1234", account="2"
    ),
}


@pytest.mark.parametrize("name", OF_THE_CUSTOMER)
@pytest.mark.parametrize("scope", WIDE)
def test_all_of_a_customer_is_found(name: str, scope: str) -> None:
    """Broken by: looking for messages alone, or for events that name their customer."""
    assert found(at(OF_THE_CUSTOMER[name], BEFORE), WIDE[scope])


@pytest.mark.parametrize("name", OF_ANOTHER)
def test_another_customer_is_left_alone(name: str) -> None:
    assert not found(at(OF_ANOTHER[name], BEFORE), WIDE["customer"])


def test_the_cutoff_counts_by_whichever_time_is_earlier() -> None:
    """Broken by: the broker's time alone (a redelivery escapes), the platform's alone (a date ahead escapes)."""
    told = OF_THE_CUSTOMER["a message"]
    assert found(at(told, BEFORE, appended=AFTER), WIDE["customer"])
    assert found(at(told, AFTER, appended=BEFORE), WIDE["customer"])
    assert not found(at(told, AFTER, appended=AFTER), WIDE["customer"])


@pytest.mark.parametrize(
    ("value", "headers", "scopes"),
    [
        (b'{"from":1234', (), {"customer"}),
        (b'{"from":12345', (), set()),
        (f'"{ACCOUNT}" junk'.encode(), (), {"account"}),
        (b"junk", ((quarantine.ACCOUNT, ACCOUNT.encode()),), {"account"}),
        (b"junk", (), set()),
    ],
)
def test_quarantine_is_searched_for_ids(
    value: bytes, headers: tuple[tuple[str, bytes], ...], scopes: set[str]
) -> None:
    poison = Read(topics.QUARANTINE, 1, b"q", value, timestamp=to_ms(BEFORE), headers=headers)
    assert {scope for scope, case in WIDE.items() if found(poison, case)} == scopes
