"""What a storm leaves behind: what was asked, what was told, and what the simulator wrote down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kaiwa.contracts.outcomes import Outcome
from kaiwa.simulator.books import Books
from kaiwa.simulator.model import Account


@dataclass(frozen=True)
class Asked:
    """A request, and the texts by which its messages are known in the books, one for each part."""

    request_id: str
    markers: tuple[str, ...]
    account_id: str
    customer_id: str
    automated: bool

    @property
    def conversation(self) -> tuple[str, str]:
        return self.account_id, self.customer_id


@dataclass(frozen=True)
class Evidence:
    """`told` holds the outcomes of each request, as they came; `accounts` the limits that Meta was given."""

    books: Books
    asked: Sequence[Asked]
    told: Mapping[str, Sequence[Outcome]]
    accounts: Mapping[str, Account]

    def newest(self, item: Asked) -> Outcome | None:
        return max(self.told.get(item.request_id, ()), key=lambda outcome: outcome.seq, default=None)

    def was(self, item: Asked, *, state: str | None = None, reason: str | None = None) -> bool:
        """Whether that was ever told of it."""
        return any(
            state in {None, outcome.state} and reason in {None, outcome.reason}
            for outcome in self.told.get(item.request_id, ())
        )


def account_of(found: Evidence, troubles: Mapping[str, int]) -> dict[str, object]:
    """What one reads at the end: how doubt was settled, and by what."""
    ends = [(item, end) for item in found.asked if (end := found.newest(item))]
    doubted = [end for item, end in ends if found.was(item, state="in_doubt")]
    still = sum(end.state == "in_doubt" for end in doubted)
    classes = Counter(call.rate for call in found.books.calls) + Counter(read=len(found.books.reads))
    return {
        "requests": len(found.asked),
        "states": dict(Counter(end.state for _, end in ends)),
        "refused": dict(Counter(str(end.reason) for _, end in ends if end.state == "refused")),
        "doubted": len(doubted),
        "settled_by_itself": round(1 - still / len(doubted), 3) if doubted else None,
        "settled_by": dict(Counter(str(end.evidence or end.reason) for end in doubted)),
        "throttled": sum(found.was(item, reason="paused_by_platform") for item in found.asked),
        "calls": dict(classes),
        "faults_met": dict(Counter(call.fault for call in found.books.calls if call.fault)),
        "troubles": dict(troubles),
    }
