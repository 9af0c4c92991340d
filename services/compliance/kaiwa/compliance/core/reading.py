"""Records as they come from Kafka, read for what they say about deletion."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec

from kaiwa.compliance.core.carriers import in_bytes, in_event
from kaiwa.compliance.core.erasure import Copy, Place, Subject, Unsend
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Receipt, decode_receipt
from kaiwa.contracts.events import Event, Kind, data_of, decode
from kaiwa.contracts.times import from_ms, parse

_LARGEST_COUNT: Final = 2**31 - 1


class Record(Protocol):
    """What is needed of a record; aiokafka's ConsumerRecord has it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


@dataclass(frozen=True)
class Word:
    """A holder's receipt, read."""

    receipt: Receipt
    at: datetime


@dataclass(frozen=True)
class Batch:
    """A batch, read; each in the records' order."""

    copies: tuple[Copy, ...]
    unsends: tuple[Unsend, ...]
    words: tuple[Word, ...]


def read(records: Iterable[Record], key: bytes) -> Batch:
    """What the records say; ``key`` hashes the index. Nothing in a record makes this raise."""
    copies: list[Copy] = []
    unsends: list[Unsend] = []
    words: list[Word] = []
    for record in records:
        if not record.value or not record.key or record.key == topics.HEARTBEAT_KEY:
            continue
        if record.topic == topics.RECEIPTS:
            words += _words(record.value)
            continue
        event = event_of(record.topic, record.value)
        copies += (
            Copy(
                subject,
                subject.hash(key),
                _place(record, record.key),
                record.offset,
                from_ms(record.timestamp),
            )
            for subject in subjects(event, record.value)
        )
        if event is not None and event.kind == Kind.MESSAGE_UNSENT:
            unsends += _unsends(event, key, from_ms(record.timestamp))
    return Batch(tuple(copies), tuple(unsends), tuple(words))


def event_of(topic: str, value: bytes) -> Event | None:
    """The event in a record; None for quarantine, which vouches for nothing, and for what is no event."""
    if topic != topics.EVENTS:
        return None
    try:
        return decode(value)
    except msgspec.DecodeError:
        return None


def subjects(event: Event | None, value: bytes) -> Iterator[Subject]:
    """The messages that a record carries."""
    account_id, customer_id = (event.account_id, event.customer_id) if event else (None, None)
    for mid in in_bytes(value) if event is None else in_event(event):
        if _storable(mid, account_id, customer_id):
            yield Subject(account_id, customer_id, mid)


def _place(record: Record, key: bytes) -> Place:
    return Place(record.topic, record.partition, key)


def _unsends(event: Event, key: bytes, appended_at: datetime) -> Iterator[Unsend]:
    try:
        subject = Subject(event.account_id, event.customer_id, data_of(event).mid)
    except msgspec.DecodeError:
        return  # names no message; what can be read in it is indexed all the same
    try:
        occurred_at = event.occurred
    except ValueError:
        occurred_at = appended_at
    if _storable(subject.mid, subject.account_id, subject.customer_id):
        yield Unsend(subject, subject.hashes(key), occurred_at, appended_at)


def _words(value: bytes) -> Iterator[Word]:
    """What is not a holder's word is passed over: its case stays open, and shows it."""
    try:
        receipt = decode_receipt(value)
        at = parse(receipt.at)
    except (msgspec.DecodeError, ValueError):
        return
    if _storable(receipt.erasure_id, receipt.holder) and 0 <= receipt.count <= _LARGEST_COUNT:
        yield Word(receipt, at)


def _storable(*texts: str | None) -> bool:
    """Nobody's ids hold control characters or halves of surrogate pairs, and PostgreSQL refuses some of them."""
    return all(text is None or text.isprintable() for text in texts)
