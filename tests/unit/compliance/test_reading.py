"""Whatever lies in a topic, reading it never raises: a batch that raises would come again for ever."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from happenings import ACCOUNT, event, message, unsend
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.compliance.core.erasure import Subject
from kaiwa.compliance.core.reading import Batch, Wish, read
from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind, encode

KEY = b"k" * 32


@dataclass
class Record:
    topic: str
    value: bytes | None
    key: bytes | None = b"id"
    partition: int = 0
    offset: int = 0
    timestamp: int = 1_795_000_000_000
    headers: tuple[tuple[str, bytes], ...] = ()


def one(topic: str, value: bytes | None, key: bytes | None = b"id") -> Batch:
    return read([Record(topic, value, key)], KEY)


@given(
    topic=st.sampled_from([topics.EVENTS, topics.QUARANTINE, topics.RECEIPTS, topics.PRIVACY]),
    value=st.none()
    | st.binary()
    | st.recursive(st.text() | st.integers(), st.lists).map(msgspec.json.encode),
    key=st.none() | st.binary(),
)
def test_junk_says_nothing_and_breaks_nothing(topic: str, value: bytes | None, key: bytes | None) -> None:
    batch = one(topic, value, key)
    assert not batch.unsends
    assert not batch.words


@pytest.mark.parametrize("mid", ["m\x00", "m\n", "\u2028"])
def test_what_postgresql_cannot_store_is_nobodys_mid(mid: str) -> None:
    """Broken by: passing it on, and PostgreSQL refuses the batch again and again."""
    for happened in (unsend(mid, customer="c"), message(mid, "t", customer="c")):
        batch = one(topics.EVENTS, encode(happened))
        assert not (batch.copies)
        assert not (batch.unsends)
    assert one(topics.EVENTS, encode(message("m", "t", customer=mid))).empty


RECEIPT: dict[str, Any] = {
    "erasure_id": "e",
    "holder": "h",
    "status": "done",
    "count": 1,
    "at": "2026-11-22T10:00:00.000Z",
}


def test_a_receipt_is_read() -> None:
    (word,) = one(topics.RECEIPTS, msgspec.json.encode(RECEIPT)).words
    assert (word.receipt.erasure_id, word.at.hour) == ("e", 10)


@pytest.mark.parametrize(
    "change",
    [{"at": "noon"}, {"count": 2**31}, {"count": -1}, {"holder": "h\x00"}, {"status": "perhaps"}],
    ids=str,
)
def test_a_receipt_that_is_none_is_passed_over(change: dict[str, Any]) -> None:
    assert not one(topics.RECEIPTS, msgspec.json.encode(RECEIPT | change)).words


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"id", None), (b"id", b""), (topics.HEARTBEAT_KEY, encode(message("m", "t", customer="c")))],
    ids=["tombstone", "empty", "heartbeat"],
)
def test_tombstones_and_heartbeats_carry_nothing(key: bytes, value: bytes | None) -> None:
    assert one(topics.EVENTS, value, key).empty


def test_an_unsend_without_a_readable_time_is_one_all_the_same() -> None:
    happened = msgspec.structs.replace(unsend("m", customer="c"), occurred_at="some day")
    (unsent,) = one(topics.EVENTS, encode(happened)).unsends
    assert unsent.occurred_at == unsent.appended_at


def test_an_unsend_that_names_no_message_is_passed_over() -> None:
    batch = one(topics.EVENTS, encode(event(Kind.MESSAGE_UNSENT, {"mid": None}, customer="c")))
    assert not (batch.copies)
    assert not (batch.unsends)


def test_only_the_event_vouches_for_its_account() -> None:
    """A copy in quarantine is indexed under the mid alone, and every unsend of that mid looks there too."""
    happened = message("m", "t", customer="c")
    (copy,) = one(topics.EVENTS, encode(happened)).copies
    (poison,) = one(topics.QUARANTINE, encode(happened)).copies
    (unsent,) = one(topics.EVENTS, encode(unsend("m", customer="c"))).unsends
    assert copy.hash != poison.hash
    assert unsent.hashes == (copy.hash, poison.hash)


def test_a_record_belongs_to_its_account_and_its_customer() -> None:
    batch = one(topics.EVENTS, encode(message("m", "t", customer="c")))
    assert {found.subject for found in batch.belongings} == {Subject(ACCOUNT, None), Subject(ACCOUNT, "c")}
    assert all(found.happened_at <= found.appended_at for found in batch.belongings)
    poison = one(topics.QUARANTINE, encode(message("m", "t", customer="c")))
    assert not poison.belongings, "quarantine vouches for nobody"


def test_what_happens_tomorrow_has_happened_when_kafka_has_it() -> None:
    """Broken by: trusting the platform's clock, so that a record dated ahead escapes every cutoff."""
    happened = msgspec.structs.replace(
        message("m", "t", customer="c"), occurred_at="2999-01-01T00:00:00.000Z"
    )
    assert all(
        found.happened_at == found.appended_at for found in one(topics.EVENTS, encode(happened)).belongings
    )


PRIVACY = event(
    Kind.DELETION_REQUESTED,
    {"user_id": "218471", "code": "CODE", "issued_at": "2026-11-22T10:00:00.000Z"},
    customer=None,
    account=None,
)


def test_a_callback_is_a_wish() -> None:
    (wish,) = one(topics.PRIVACY, encode(PRIVACY)).wishes
    assert wish == Wish("CODE", "callback", "1001", "218471")
    left = msgspec.structs.replace(PRIVACY, kind=Kind.APP_DEAUTHORIZED)
    assert one(topics.PRIVACY, encode(left)).wishes[0].source == "deauthorisation"


@pytest.mark.parametrize(
    "value",
    [
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        encode(message("m", "t", customer="c")),
        encode(event(Kind.DELETION_REQUESTED, {"user_id": 7}, customer=None, account=None)),
        encode(
            event(
                Kind.DELETION_REQUESTED,
                {"user_id": "1", "code": "c\x00", "issued_at": "x"},
                customer=None,
                account=None,
            )
        ),
    ],
    ids=["cut", "list", "not utf-8", "deep", "another kind", "wrong shape", "unstorable"],
)
def test_what_is_no_wish_is_passed_over(value: bytes) -> None:
    assert one(topics.PRIVACY, value).empty
