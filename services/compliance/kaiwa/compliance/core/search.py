"""Looking for what was erased in the log: by the keys that were tombstoned, and by the ids in any other record.

The second is independent of the index: it finds a copy that the index never heard of. The same search finds the
records of a customer or an account in the first place, as nobody keeps an index of those.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from kaiwa.compliance.core.carriers import merely_mentions
from kaiwa.compliance.core.erasure import Place, Subject
from kaiwa.compliance.core.needles import Needles
from kaiwa.compliance.core.reading import Record, event_of, happened
from kaiwa.contracts import topics
from kaiwa.contracts.events import Event
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.quarantine import ACCOUNT
from kaiwa.contracts.times import from_ms

Partition = tuple[str, int]


@dataclass(frozen=True)
class Wanted:
    """A case: nothing of it should be found once its time has come."""

    erasure_id: str
    account_id: str | None
    customer_id: str | None
    mid: str | None
    cutoff: datetime
    places: frozenset[Place] = frozenset()

    @property
    def subject(self) -> Subject:
        return Subject(self.account_id, self.customer_id, self.mid)


@dataclass(frozen=True)
class Finding:
    """Something was found."""

    erasure_id: str
    place: Place
    offset: int


class Search:
    """Where to look for some cases, and what a record there says. ``counts``: partitions of each topic; ``besides``: keys
    alone, each of an erasure whose ids are gone.
    """

    def __init__(
        self, cases: Iterable[Wanted], counts: Mapping[str, int], besides: Iterable[tuple[str, Place]] = ()
    ) -> None:
        self._in: dict[Partition, _Partition] = defaultdict(_Partition)
        for case in cases:
            for partition in _partitions(case, counts):
                self._in[partition].add(case)
            for place in case.places:
                self._in[place.topic, place.partition].expect(place.key, case.erasure_id)
        for erasure_id, place in besides:
            self._in[place.topic, place.partition].expect(place.key, erasure_id)

    @property
    def partitions(self) -> frozenset[Partition]:
        return frozenset(self._in)

    def look(self, record: Record) -> Sequence[Finding]:
        """What of the cases is still in this record. Most hold nothing, and cost little more than reading them."""
        value, key = record.value, record.key
        if not value or not key or key == topics.HEARTBEAT_KEY:
            return ()
        cases = self._in.get((record.topic, record.partition))
        if cases is None or not (found := cases.found(record, key, value)):
            return ()
        place = Place(record.topic, record.partition, key)
        return [Finding(erasure_id, place, record.offset) for erasure_id in dict.fromkeys(found)]


class _Partition:
    """The cases that concern one partition, so arranged that a record costs the same however many there are."""

    def __init__(self) -> None:
        self._expected: dict[bytes, list[str]] = defaultdict(list)
        self._mids = Needles[Wanted]()
        self._slashed = False
        self._people = Needles[Wanted]()  # where no event says whose the record is
        self._whole: dict[Subject, list[Wanted]] = defaultdict(list)

    def add(self, case: Wanted) -> None:
        if case.mid is not None:
            self._mids.add(case.mid.encode(), case)
            self._slashed |= "/" in case.mid
            return
        self._whole[case.subject].append(case)
        whose = case.customer_id or case.account_id or ""
        for written in {whose.encode(), msgspec.json.encode(whose)[1:-1]}:
            self._people.add(written, case)

    def expect(self, key: bytes, erasure_id: str) -> None:
        """Under this key its record was tombstoned."""
        self._expected[key].append(erasure_id)

    def found(self, record: Record, key: bytes, value: bytes) -> Sequence[str]:
        """The erasures of which something is in the record, some perhaps twice."""
        expected = self._expected.get(key, ())
        # Meta escapes slashes, in whatever of it was kept as it came.
        mids = self._mids.found(value.replace(rb"\/", b"/") if self._slashed else value)
        # An event of somebody holds their id; only quarantine may say whose it is elsewhere, in a header.
        people = self._people.found(value)
        if not mids and not people and not (self._whole and record.topic != topics.EVENTS):
            return expected
        return [*expected, *self._carried(record, value, mids, people)]

    def _carried(
        self, record: Record, value: bytes, mids: Iterable[Wanted], people: Iterable[Wanted]
    ) -> Iterator[str]:
        event = event_of(record.topic, value)
        yield from (case.erasure_id for case in mids if _carries(case, event))
        if self._whole:
            appended_at = from_ms(record.timestamp)
            happened_at = appended_at if event is None else happened(event, appended_at)
            for case in self._theirs(record, value, event, people):
                if happened_at <= case.cutoff:
                    yield case.erasure_id

    def _theirs(
        self, record: Record, value: bytes, event: Event | None, people: Iterable[Wanted]
    ) -> Iterator[Wanted]:
        if event is None or event.account_id is None:
            yield from (case for case in people if _named(case, value))
            named = dict(record.headers).get(ACCOUNT)
            if named is not None:
                yield from self._whole.get(Subject(named.decode("utf-8", "replace"), None), ())
            return
        yield from self._whole.get(Subject(event.account_id, None), ())
        if event.customer_id is not None:
            yield from self._whole.get(Subject(event.account_id, event.customer_id), ())
        else:
            ours = (case for case in people if case.account_id == event.account_id)
            yield from (case for case in ours if case.customer_id and _named(case, value))


def _named(case: Wanted, value: bytes) -> bool:
    """Whether the id stands there whole, not as a part of a longer one."""
    own = re.escape((case.customer_id or case.account_id or "").encode())
    return re.search(rb"(?<![A-Za-z0-9_])" + own + rb"(?![A-Za-z0-9_])", value) is not None


def _carries(case: Wanted, event: Event | None) -> bool:
    if event is None:
        return True
    ours = case.account_id is None or event.account_id in {None, case.account_id}
    return ours and not merely_mentions(event, case.mid or "")


def _partitions(case: Wanted, counts: Mapping[str, int]) -> set[Partition]:
    """Its conversation, the account's records without a customer, what is known, and all of quarantine."""
    every: Callable[[str], Iterator[Partition]] = partial(_every, counts=counts)
    found = {(place.topic, place.partition) for place in case.places} | set(every(topics.QUARANTINE))
    if case.account_id is None or case.subject.scope == "account":
        return found | set(every(topics.EVENTS))
    for customer_id in (case.customer_id, None):
        found.add((topics.EVENTS, of_conversation(case.account_id, customer_id, counts[topics.EVENTS])))
    return found


def _every(topic: str, counts: Mapping[str, int]) -> Iterator[Partition]:
    return ((topic, number) for number in range(counts[topic]))
