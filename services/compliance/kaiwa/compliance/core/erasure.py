"""What follows from a batch of records: which cases open, and which records each of them erases.

Pure: the batch and what is already known go in, a :class:`Decision` comes out. Order does not matter. An unsend
erases every copy known so far; a copy that comes later opens a case of its own, so that each case has a fixed
set of records, and each receipt means one thing. Reading a record twice changes nothing: a case's id follows
from what opened it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kaiwa.contracts import ids

HOLDERS = ("topics", "dispatcher")
"""Who must say that it deleted before a case closes."""

SENDS_EMPTY_AFTER = 25 * 3600 + 300
"""Seconds until ``instagram.sends.v1`` has let go of a request by its own retention (24 h, segments of 1 h)."""

Reason = Literal["unsent", "late_copy"]


@dataclass(frozen=True)
class Place:
    """Where a tombstone goes: all records with this key in this partition are one."""

    topic: str
    partition: int
    key: bytes


@dataclass(frozen=True)
class Subject:
    """A message, as its records name it; ``account_id`` is None where the record does not vouch for it."""

    account_id: str | None
    customer_id: str | None
    mid: str

    def hash(self, key: bytes) -> str:
        """Keyed hash of account and mid."""
        return ids.opaque(key, "mid", self.account_id or "", self.mid)

    def hashes(self, key: bytes) -> tuple[str, ...]:
        """Under which its records are indexed: with the account, and without (quarantine)."""
        return self.hash(key), Subject(None, None, self.mid).hash(key)


@dataclass(frozen=True)
class Copy:
    """A record that carries a message; ``hash`` is its subject's own."""

    subject: Subject
    hash: str
    place: Place
    offset: int
    appended_at: datetime


@dataclass(frozen=True)
class Unsend:
    """A message was unsent; ``hashes`` are all under which its copies may be found, its own first."""

    subject: Subject
    hashes: tuple[str, ...]
    occurred_at: datetime
    appended_at: datetime


@dataclass(frozen=True)
class Known:
    """What the index says about the batch: unsent hashes, and the newest offset seen of each copy of those."""

    unsent: frozenset[str] = frozenset()
    copies: Mapping[tuple[str, Place], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One erasure: ``places`` are its tombstones."""

    erasure_id: str
    reason: Reason
    subject: Subject
    hash: str
    cutoff: datetime
    appended_at: datetime
    places: frozenset[Place]


@dataclass(frozen=True)
class Decision:
    """Cases to open, and hashes to remember as unsent."""

    cases: tuple[Case, ...]
    unsent: frozenset[str]


def decide(copies: Iterable[Copy], unsends: Iterable[Unsend], known: Known) -> Decision:
    """The cases that these records open, whatever their order in the batch."""
    copies = tuple(copies)
    new: dict[str, Unsend] = {}
    for unsend in unsends:
        if unsend.hashes[0] not in known.unsent:
            new.setdefault(unsend.hashes[0], unsend)
    late = (_late(copy) for copy in copies if copy.hash in known.unsent and not _seen(copy, known))
    opened = {case.erasure_id: case for case in (*(_unsent(u, copies, known) for u in new.values()), *late)}
    return Decision(tuple(opened.values()), frozenset(h for u in new.values() for h in u.hashes))


def _seen(copy: Copy, known: Known) -> bool:
    """A replay of our own reading, not a new copy: the platform's redeliveries have new offsets."""
    return known.copies.get((copy.hash, copy.place), -1) >= copy.offset


def _unsent(unsend: Unsend, copies: Iterable[Copy], known: Known) -> Case:
    indexed = {place for h, place in known.copies if h in unsend.hashes}
    read = {copy.place for copy in copies if copy.hash in unsend.hashes}
    own = unsend.hashes[0]
    return Case(
        erasure_id=ids.derived("unsent", own),
        reason="unsent",
        subject=unsend.subject,
        hash=own,
        cutoff=unsend.occurred_at,
        appended_at=unsend.appended_at,
        places=frozenset(indexed | read),
    )


def _late(copy: Copy) -> Case:
    place = copy.place
    return Case(
        erasure_id=ids.derived("late", copy.hash, place.topic, str(place.partition), str(copy.offset)),
        reason="late_copy",
        subject=copy.subject,
        hash=copy.hash,
        cutoff=copy.appended_at,
        appended_at=copy.appended_at,
        places=frozenset([place]),
    )
