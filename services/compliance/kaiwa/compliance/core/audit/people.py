"""Persons who might be none: what an account's human authors wrote within an hour, looked at for what persons do not do.

Each is a flag, raised once an hour at most, for somebody to look at. A team that pastes one answer to fifty customers is
no bot; a bot that signs as a person is found all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from kaiwa.compliance.core.audit.judge import HOUR_MS
from kaiwa.compliance.core.audit.verdicts import Verdict
from kaiwa.contracts import ids

MINUTE_MS: Final = 60_000

RATE: Final = 40
"""Messages in a minute: a room full of agents behind one account stays below."""
IDENTICAL: Final = 12
"""Customers who get the same words within an hour."""
INSTANT, INSTANT_MS = 6, 2_000
"""So many answers within an hour, each faster than this."""


@dataclass(frozen=True)
class Written:
    """A message by a person of the account, to ``customer`` (a hash, as all here)."""

    mid: str
    at: int
    customer: str
    text: str
    answered_in: int | None


def suspicions(account: str, written: Iterable[Written]) -> list[Verdict]:
    """The flags of each hour of the clock, from all that was written in it."""
    ordered = sorted(written, key=lambda each: (each.at, each.mid))
    hours = groupby(ordered, key=lambda each: each.at // HOUR_MS)
    return [verdict for hour, group in hours for verdict in _of_hour(account, hour, list(group))]


def _of_hour(account: str, hour: int, written: Sequence[Written]) -> list[Verdict]:
    found = {"rate": _rate(written), "identical": _identical(written), "instant": _instant(written)}
    return [
        Verdict(
            kind="human",
            subject=ids.derived(account, state, str(hour)),
            state=state,
            at=hour * HOUR_MS,
            author="human",
        )
        for state, is_so in found.items()
        if is_so
    ]


def _rate(written: Sequence[Written]) -> bool:
    """Whether any minute has so many."""
    return any(written[n + RATE - 1].at - written[n].at < MINUTE_MS for n in range(len(written) - RATE + 1))


def _identical(written: Sequence[Written]) -> bool:
    customers: dict[str, set[str]] = defaultdict(set)
    for each in written:
        if each.text:
            customers[each.text].add(each.customer)
    return any(len(those) >= IDENTICAL for those in customers.values())


def _instant(written: Sequence[Written]) -> bool:
    quick = [each for each in written if each.answered_in is not None and each.answered_in < INSTANT_MS]
    return len(quick) >= INSTANT
