"""What follows from a batch of records: which cases open, and which records each of them erases.

Pure: the batch and what is already known go in, a :class:`Decision` comes out. Order does not matter. An unsend
erases every copy known so far; a copy that comes later opens a case of its own, so that each case has a fixed
set of records, and each receipt means one thing. Reading a record twice changes nothing: a case's id follows
from what opened it.

Whoever was erased as a whole, a customer or an account, is remembered with the cutoff: a record of theirs that
comes later and tells of something that happened before it is a late copy, too. Unless the search for their records is
yet to begin: that will find it, and a case for each record that intake was behind with would be thousands. Nor is
there one for each that is delivered again: a case of late copies gathers those that follow until its order goes out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from kaiwa.contracts import ids
from kaiwa.contracts.erasures import Scope

Reason = Literal["unsent", "late_copy", "data_deletion", "deauthorised", "operator", "list", "reapplied"]

GATHERINGS: Final = 30
"""Within the bound: so many cases of late copies of one customer or account there are at most."""


@dataclass(frozen=True)
class Place:
    """Where a tombstone goes: all records with this key in this partition are one."""

    topic: str
    partition: int
    key: bytes


@dataclass(frozen=True)
class Subject:
    """What is erased: a message; without ``mid`` all of a customer; without ``customer_id`` all of an account.

    ``account_id`` is None where a message's record does not vouch for it.
    """

    account_id: str | None
    customer_id: str | None
    mid: str | None = None

    @property
    def scope(self) -> Scope:
        if self.mid is not None:
            return "message"
        return "account" if self.customer_id is None else "customer"

    def hash(self, key: bytes) -> str:
        """Keyed hash of what it is."""
        match self.scope:
            case "message":
                return ids.opaque(key, "mid", self.account_id or "", self.mid or "")
            case "customer":
                return customer_hash(key, self.account_id, self.customer_id)
            case "account":
                return account_hash(key, self.account_id)

    def hashes(self, key: bytes) -> tuple[str, ...]:
        """Under which a message's records are indexed: with the account, and without (quarantine)."""
        return self.hash(key), Subject(None, None, self.mid).hash(key)


def account_hash(key: bytes, account_id: str | None) -> str:
    return ids.opaque(key, "account", account_id or "")


@lru_cache(maxsize=16_384)
def customer_hash(key: bytes, account_id: str | None, customer_id: str | None) -> str:
    """Cached: every record asks for its customer's, and customers write more than once."""
    return ids.opaque(key, "customer", account_id or "", customer_id or "")


@dataclass(frozen=True)
class Copy:
    """A record that carries a message; ``hash`` is its subject's own."""

    subject: Subject
    hash: str
    place: Place
    offset: int
    appended_at: datetime


@dataclass(frozen=True)
class Belonging:
    """A record of a customer's or an account's; ``subject`` is whose, ``hash`` theirs."""

    subject: Subject
    hash: str
    place: Place
    offset: int
    happened_at: datetime
    appended_at: datetime


@dataclass(frozen=True)
class Unsend:
    """A message was unsent; ``hashes`` are all under which its copies may be found, its own first."""

    subject: Subject
    hashes: tuple[str, ...]
    occurred_at: datetime
    appended_at: datetime
    cause: str | None = None  # its traceparent


@dataclass(frozen=True)
class Known:
    """What the index says about the batch: unsent hashes, the newest offset seen of each copy of those, the cutoff of each
    customer and account that was erased as a whole, up to which a search that has not begun will find all of theirs, and
    the case that gathers their late copies, where its order is not out yet.
    """

    unsent: frozenset[str] = frozenset()
    copies: Mapping[tuple[str, Place], int] = field(default_factory=dict)
    erased: Mapping[str, datetime] = field(default_factory=dict)
    awaited: Mapping[str, datetime] = field(default_factory=dict)
    gathering: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One erasure: ``places`` are its tombstones; None where the log has to be searched for them first."""

    erasure_id: str
    reason: Reason
    subject: Subject
    hash: str
    cutoff: datetime
    appended_at: datetime
    places: frozenset[Place] | None
    cause: str | None = None  # the traceparent of what opened it

    def gathers(self, bound: timedelta) -> timedelta:
        """How long its order waits for more of its kind; ``bound`` is the time in which it should be gone."""
        late = self.reason == "late_copy" and self.subject.scope != "message"
        return bound / GATHERINGS if late else timedelta(0)


@dataclass(frozen=True)
class Decision:
    """Cases to open, hashes to remember as unsent, and records that join a case that gathers."""

    cases: tuple[Case, ...]
    unsent: frozenset[str]
    joined: tuple[tuple[str, Place], ...] = ()


def requested(subject: Subject, *, code: str, reason: Reason, key: bytes, now: datetime) -> Case:
    """The case that a request opens: all that there is of a customer or an account until ``now``."""
    own = subject.hash(key)
    return Case(ids.derived("requested", code, own), reason, subject, own, now, now, places=None)


def decide(
    copies: Iterable[Copy], unsends: Iterable[Unsend], known: Known, belongings: Iterable[Belonging] = ()
) -> Decision:
    """The cases that these records open, whatever their order in the batch."""
    copies = tuple(copies)
    new: dict[str, Unsend] = {}
    for unsend in unsends:
        if unsend.hashes[0] not in known.unsent:
            new.setdefault(unsend.hashes[0], unsend)
    late = (_late(copy) for copy in copies if copy.hash in known.unsent and not _seen(copy, known))
    back: dict[str, list[Belonging]] = defaultdict(list)
    for found in belongings:
        if _within(found, known.erased) and not _within(found, known.awaited):
            back[found.hash].append(found)
    gathered = (_back(found, known.erased[h]) for h, found in back.items() if h not in known.gathering)
    unsent = (_unsent(unsend, copies, known) for unsend in new.values())
    opened = {case.erasure_id: case for case in (*unsent, *late, *gathered)}
    joined = (
        (known.gathering[h], each.place) for h in back.keys() & known.gathering.keys() for each in back[h]
    )
    return Decision(
        tuple(opened.values()),
        frozenset(h for u in new.values() for h in u.hashes),
        tuple(dict.fromkeys(joined)),
    )


def dated_anew(belongings: Iterable[Belonging], known: Known) -> Iterable[Place]:
    """Records of somebody erased that say they happened later: new ones, or comments, which the platform dates anew."""
    return (
        found.place for found in belongings if found.hash in known.erased and not _within(found, known.erased)
    )


def _within(found: Belonging, cutoffs: Mapping[str, datetime]) -> bool:
    cutoff = cutoffs.get(found.hash)
    return cutoff is not None and found.happened_at <= cutoff


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
        cause=unsend.cause,
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


def _back(found: Sequence[Belonging], cutoff: datetime) -> Case:
    """Records of somebody erased, delivered again. The id is that of these very records: what is read once more with
    others beside it must not be taken for the same.
    """
    first = min(found, key=lambda each: each.appended_at)
    where = sorted((each.place.topic, each.place.partition, each.offset) for each in found)
    return Case(
        erasure_id=ids.derived("back", first.hash, *(str(part) for each in where for part in each)),
        reason="late_copy",
        subject=first.subject,
        hash=first.hash,
        cutoff=cutoff,
        appended_at=first.appended_at,
        places=frozenset(each.place for each in found),
    )
