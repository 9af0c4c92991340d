"""Lanes: who of an account's waiting messages gets its next slots, and which account's turn it is.

Invariants
- A person's message comes first: within its account, and before the automated messages of every other account.
- Nobody starves: a lane with a floor gets at least that share of the slots while it waits, minus one slot.
- An account is never passed over twice by the same other account while both have something that may go.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping
from typing import Final, Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)

HUMAN: Final = 0
"""Lanes go by rank, as the database stores them: human, transactional, bulk."""

BULK: Final = 2

RANKS: Final[Mapping[str, int]] = {"human": HUMAN, "transactional": 1, "bulk": BULK}

FLOORS: Final[Mapping[int, float]] = {1: 0.2, BULK: 0.05}
"""The share of an account's slots that a waiting lane gets, by rank, however much waits above it."""

QUANTUM: Final = 4
"""Messages of one account before it is the next one's turn."""


def share(
    slots: int, waiting: Mapping[int, int], credit: Mapping[int, float]
) -> tuple[dict[int, int], dict[int, float]]:
    """How many of the slots each lane gets, by rank, and what the floors are owed afterwards.

    Credit grows by a lane's floor with every slot that goes by while it waits; a whole one buys a slot before the
    higher lanes choose. What a lane gets anyhow pays its credit off.
    """
    owed = {rank: credit.get(rank, 0.0) + FLOORS[rank] * slots for rank in FLOORS if waiting.get(rank)}
    given: dict[int, int] = {}
    left = slots
    for rank in sorted(owed):
        given[rank] = min(int(owed[rank]), waiting[rank], left)
        left -= given[rank]
    for rank in sorted(waiting):
        more = min(waiting[rank] - given.get(rank, 0), left)
        given[rank] = given.get(rank, 0) + more
        left -= more
    rest = {rank: max(0.0, owed[rank] - given[rank]) for rank in owed if waiting[rank] > given[rank]}
    return {rank: count for rank, count in given.items() if count}, rest


class Ring(Generic[Name]):
    """Deficit round-robin: each name in turn gets up to :data:`QUANTUM`; cut short by lack of room, it goes on first."""

    def __init__(self) -> None:
        self._turns: deque[Name] = deque()
        self._deficit: dict[Name, int] = {}

    def __len__(self) -> int:
        return len(self._turns)

    def add(self, name: Name) -> None:
        """At the end of the ring, unless it stands there already."""
        if name not in self._deficit:
            self._deficit[name] = 0
            self._turns.append(name)

    def deal(self, room: int, wants: Callable[[Name], int]) -> dict[Name, int]:
        """So many for each, ``room`` in all. Who wants nothing more leaves the ring."""
        given: dict[Name, int] = {}
        while room > 0 and self._turns:
            name = self._turns.popleft()
            left = wants(name) - given.get(name, 0)
            if left <= 0:
                del self._deficit[name]
                continue
            due = self._deficit[name] or QUANTUM
            taken = min(due, left, room)
            given[name] = given.get(name, 0) + taken
            room -= taken
            if taken < min(due, left):
                self._deficit[name] = due - taken
                self._turns.appendleft(name)
            else:
                self._deficit[name] = 0
                self._turns.append(name)
        return given
