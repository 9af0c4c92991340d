"""Which of what a restored holder has was deleted before: its ids are hashed and looked for among the closed orders."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from kaiwa.compliance.core.erasure import Case, Subject, account_hash, customer_hash
from kaiwa.contracts import ids
from kaiwa.contracts.erasures import Erasure
from kaiwa.contracts.times import parse


@dataclass(frozen=True)
class Again:
    """What was deleted before, up to ``cutoff``, and is there again."""

    subject: Subject
    hash: str
    cutoff: datetime

    def case(self, *, run: str, now: datetime) -> Case:
        """``run``: of this matching; what comes back once more is a case of its own."""
        return Case(
            erasure_id=ids.derived("reapplied", run, self.hash),
            reason="reapplied",
            subject=self.subject,
            hash=self.hash,
            cutoff=self.cutoff,
            appended_at=now,
            places=None,
        )


class Closed:
    """The closed orders, by what they erased; of several for one, the latest cutoff counts. ``people``: the cutoffs of the
    customers and accounts among it.
    """

    def __init__(self, orders: Iterable[Erasure], key: bytes) -> None:
        self._key = key
        self._cutoffs: dict[str, datetime] = {}
        self.people: dict[str, datetime] = {}
        for order in orders:
            match order.scope:
                case "message":
                    _note(self._cutoffs, order.mid_hashes, order)
                case "customer":
                    _note(self.people, [order.customer_hash], order)
                case "account":
                    _note(self.people, [order.account_hash], order)
        self._cutoffs |= self.people

    def __len__(self) -> int:
        return len(self._cutoffs)

    def match(self, subject: Subject) -> Iterator[Again]:
        """What of the subject was deleted: the message, all of its customer, or all of its account."""
        if subject.mid is not None:
            for mid_hash in subject.hashes(self._key):
                if mid_hash in self._cutoffs:
                    yield Again(subject, mid_hash, self._cutoffs[mid_hash])
                    break
        if subject.account_id is not None and subject.customer_id is not None:
            own = customer_hash(self._key, subject.account_id, subject.customer_id)
            if own in self._cutoffs:
                yield Again(Subject(subject.account_id, subject.customer_id), own, self._cutoffs[own])
        if subject.account_id is not None:
            own = account_hash(self._key, subject.account_id)
            if own in self._cutoffs:
                yield Again(Subject(subject.account_id, None), own, self._cutoffs[own])


def _note(cutoffs: dict[str, datetime], hashes: Iterable[str | None], order: Erasure) -> None:
    cutoff = parse(order.cutoff)
    for each in hashes:
        if each:
            cutoffs[each] = max(cutoff, cutoffs.get(each, cutoff))
