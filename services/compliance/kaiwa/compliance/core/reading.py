"""Records as they come from Kafka, read for what they say about deletion."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from kaiwa.compliance.core.carriers import in_bytes, in_event
from kaiwa.compliance.core.erasure import Belonging, Copy, Place, Subject, Unsend
from kaiwa.contracts import topics
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.contracts.erasures import Receipt, decode_receipt
from kaiwa.contracts.events import Event, Kind, data_of, decode
from kaiwa.contracts.times import from_ms, parse
from kaiwa.contracts.wire import UNREADABLE

_LARGEST_COUNT: Final = 2**31 - 1
_SOURCES: Final[Mapping[str, Literal["callback", "deauthorisation"]]] = {
    Kind.DELETION_REQUESTED: "callback",
    Kind.APP_DEAUTHORIZED: "deauthorisation",
}


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
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True)
class Word:
    """A holder's receipt, read."""

    receipt: Receipt
    at: datetime


@dataclass(frozen=True)
class Wish:
    """What a callback of Meta asks for (platform.md 8.3, 8.4): ``user_id`` is app-scoped."""

    code: str
    source: Literal["callback", "deauthorisation"]
    app_id: str
    user_id: str


@dataclass(frozen=True)
class Batch:
    """A batch, read; each in the records' order."""

    copies: tuple[Copy, ...]
    belongings: tuple[Belonging, ...]
    nameless: tuple[Place, ...]
    """Of records that do not say whose they are: quarantine, and events without a customer."""
    unsends: tuple[Unsend, ...]
    words: tuple[Word, ...]
    wishes: tuple[Wish, ...]

    @property
    def empty(self) -> bool:
        return not (
            self.copies or self.belongings or self.nameless or self.unsends or self.words or self.wishes
        )


def read(records: Iterable[Record], key: bytes) -> Batch:
    """What the records say; ``key`` hashes the index. Nothing in a record makes this raise."""
    copies: list[Copy] = []
    belongings: list[Belonging] = []
    nameless: list[Place] = []
    unsends: list[Unsend] = []
    words: list[Word] = []
    wishes: list[Wish] = []
    for record in records:
        if not record.value or not record.key or record.key == topics.HEARTBEAT_KEY:
            continue
        if record.topic == topics.RECEIPTS:
            words += _words(record.value)
            continue
        if record.topic == topics.PRIVACY:
            wishes += _wishes(record.value)
            continue
        event, appended_at = event_of(record.topic, record.value), from_ms(record.timestamp)
        place = _place(record, record.key)
        copies += (
            Copy(subject, subject.hash(key), place, record.offset, appended_at)
            for subject in subjects(event, record.value)
        )
        if event is None or event.customer_id is None:
            nameless.append(place)
        if event is None:
            continue
        happened_at = happened(event, appended_at)
        belongings += (
            Belonging(owner, owner.hash(key), place, record.offset, happened_at, appended_at)
            for owner in owners(event)
        )
        if event.kind == Kind.MESSAGE_UNSENT:
            unsends += _unsends(event, key, appended_at, _cause(record))
    return Batch(
        tuple(copies), tuple(belongings), tuple(nameless), tuple(unsends), tuple(words), tuple(wishes)
    )


def happened(event: Event, appended_at: datetime) -> datetime:
    """When what the event tells of happened: no later than Kafka had it, whatever the platform's clock says."""
    try:
        return min(event.occurred, appended_at)
    except ValueError:
        return appended_at


def owners(event: Event) -> Iterator[Subject]:
    """The account that the event belongs to, and its customer."""
    if event.account_id and _storable(event.account_id, event.customer_id):
        yield Subject(event.account_id, None)
        if event.customer_id:
            yield Subject(event.account_id, event.customer_id)


def event_of(topic: str, value: bytes) -> Event | None:
    """The event in a record; None for quarantine, which vouches for nothing, and for what is no event."""
    if topic != topics.EVENTS:
        return None
    try:
        return decode(value)
    except UNREADABLE:
        return None


def subjects(event: Event | None, value: bytes) -> Iterator[Subject]:
    """The messages that a record carries."""
    account_id, customer_id = (event.account_id, event.customer_id) if event else (None, None)
    for mid in in_bytes(value) if event is None else in_event(event):
        if _storable(mid, account_id, customer_id):
            yield Subject(account_id, customer_id, mid)


def _place(record: Record, key: bytes) -> Place:
    return Place(record.topic, record.partition, key)


def _cause(record: Record) -> str | None:
    """Its trace context, as it came."""
    found = next((value for name, value in record.headers if name == TRACEPARENT), None)
    return None if found is None or not found.isascii() else found.decode("ascii")


def _unsends(event: Event, key: bytes, appended_at: datetime, cause: str | None) -> Iterator[Unsend]:
    try:
        subject = Subject(event.account_id, event.customer_id, data_of(event).mid)
    except UNREADABLE:
        return  # names no message; what can be read in it is indexed all the same
    if _storable(subject.mid, subject.account_id, subject.customer_id):
        yield Unsend(subject, subject.hashes(key), happened(event, appended_at), appended_at, cause)


def _words(value: bytes) -> Iterator[Word]:
    """What is not a holder's word is passed over: its case stays open, and shows it."""
    try:
        receipt = decode_receipt(value)
        at = parse(receipt.at)
    except (*UNREADABLE, ValueError):
        return
    if _storable(receipt.erasure_id, receipt.holder) and 0 <= receipt.count <= _LARGEST_COUNT:
        yield Word(receipt, at)


def _wishes(value: bytes) -> Iterator[Wish]:
    """What is no privacy event is passed over: ingest alone writes there."""
    try:
        event = decode(value)
        source = _SOURCES.get(event.kind)
        asked = data_of(event)
    except UNREADABLE:
        return
    if source is not None and _storable(asked.code, event.app_id, asked.user_id):
        yield Wish(asked.code, source, event.app_id, asked.user_id)


def _storable(*texts: str | None) -> bool:
    """Nobody's ids hold control characters or halves of surrogate pairs, and PostgreSQL refuses some of them."""
    return all(text is None or text.isprintable() for text in texts)
