"""Looking for erased messages in the log: by the keys that were tombstoned, and by the mid in any other record.

The second is independent of the index: it finds a copy that the index never heard of.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kaiwa.compliance.core.carriers import merely_mentions
from kaiwa.compliance.core.erasure import Place
from kaiwa.compliance.core.reading import Record, event_of
from kaiwa.contracts import topics
from kaiwa.contracts.partition import of_conversation

Partition = tuple[str, int]


@dataclass(frozen=True)
class Wanted:
    """A case whose time has come: nothing of it should be found."""

    erasure_id: str
    account_id: str | None
    customer_id: str | None
    mid: str
    places: frozenset[Place]


@dataclass(frozen=True)
class Finding:
    """Something was found."""

    erasure_id: str
    place: Place
    offset: int


class Search:
    """Where to look for some cases, and what a record there says. ``counts``: partitions of each topic."""

    def __init__(self, cases: Iterable[Wanted], counts: Mapping[str, int]) -> None:
        self._cases: dict[Partition, list[Wanted]] = {}
        for case in cases:
            for partition in _partitions(case, counts):
                self._cases.setdefault(partition, []).append(case)

    @property
    def partitions(self) -> frozenset[Partition]:
        return frozenset(self._cases)

    def look(self, record: Record) -> Iterator[Finding]:
        """What of the cases is still in this record."""
        if not record.value or not record.key or record.key == topics.HEARTBEAT_KEY:
            return
        place = Place(record.topic, record.partition, record.key)
        plain = record.value.replace(rb"\/", b"/")
        for case in self._cases.get((record.topic, record.partition), ()):
            if place in case.places or (
                case.mid.encode() in plain and _carries(case, record.topic, record.value)
            ):
                yield Finding(case.erasure_id, place, record.offset)


def _partitions(case: Wanted, counts: Mapping[str, int]) -> set[Partition]:
    """Its conversation, the account's records without a customer, what is known, and all of quarantine."""
    events = counts[topics.EVENTS]
    found = {(place.topic, place.partition) for place in case.places}
    found |= {(topics.QUARANTINE, number) for number in range(counts[topics.QUARANTINE])}
    if case.account_id is None:
        return found | {(topics.EVENTS, number) for number in range(events)}
    for customer_id in (case.customer_id, None):
        found.add((topics.EVENTS, of_conversation(case.account_id, customer_id, events)))
    return found


def _carries(case: Wanted, topic: str, value: bytes) -> bool:
    event = event_of(topic, value)
    if event is None:
        return True
    ours = case.account_id is None or event.account_id in {None, case.account_id}
    return ours and not merely_mentions(event, case.mid)
