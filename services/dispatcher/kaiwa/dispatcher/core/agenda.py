"""What a scheduler remembers between two looks at the database: which queues wait, and which buckets are full until when.

It is a memory, not a truth: what it plans is tried under locks. Wrong, it costs a look; it never costs a limit.
"""

import heapq
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from kaiwa.dispatcher.core.lanes import HUMAN, Ring
from kaiwa.dispatcher.core.pace import BucketClass

MANY: Final = 64
"""As far as waiting conversations are counted: more is "many"."""


class Desk(NamedTuple):
    """Where slots are given out: an account's bucket."""

    account_id: str
    bucket: BucketClass


class Queue(NamedTuple):
    """Conversations of one lane that may go now, and how many there are, up to :data:`MANY`."""

    desk: Desk
    rank: int
    waiting: int


class Ask(NamedTuple):
    """Lock up to so many of a queue."""

    desk: Desk
    rank: int
    most: int


class _Side:
    """People's messages or automated ones: they rest apart, since a person's may take over an automated one's slot."""

    def __init__(self) -> None:
        self.waiting: dict[Desk, dict[int, int]] = {}
        self._ring: Ring[Desk] = Ring()
        self._resting: dict[Desk, float] = {}
        self._alarms: list[tuple[float, Desk]] = []

    def note(self, queue: Queue) -> None:
        self.waiting.setdefault(queue.desk, {})[queue.rank] = queue.waiting
        if queue.desk not in self._resting:
            self._ring.add(queue.desk)

    def rest(self, desk: Desk, until: float) -> None:
        self._resting[desk] = until
        heapq.heappush(self._alarms, (until, desk))

    def wake(self, now: float) -> None:
        while self._alarms and self._alarms[0][0] <= now:
            until, desk = heapq.heappop(self._alarms)
            if self._resting.get(desk) == until:
                del self._resting[desk]
                self._ring.add(desk)

    def deal(self, room: int, sizes: dict[Desk, int]) -> dict[Desk, int]:
        return self._ring.deal(room, lambda desk: min(self._wants(desk), sizes.get(desk, MANY)))

    def _wants(self, desk: Desk) -> int:
        return 0 if desk in self._resting else sum(self.waiting.get(desk, {}).values())

    def left(self, ask: Ask, count: int) -> None:
        lanes = self.waiting.setdefault(ask.desk, {})
        if count > 0:
            lanes[ask.rank] = count
            if ask.desk not in self._resting:
                self._ring.add(ask.desk)
        else:
            lanes.pop(ask.rank, None)
        if not lanes:
            del self.waiting[ask.desk]

    @property
    def next(self) -> float | None:
        """When a bucket opens for which something waits."""
        while self._alarms and self._alarms[0][1] not in self.waiting:
            _, desk = heapq.heappop(self._alarms)
            self._resting.pop(desk, None)
        return self._alarms[0][0] if self._alarms else None


class Agenda:
    """All times are the caller's, of one clock, in seconds."""

    def __init__(self) -> None:
        self._people, self._others = _Side(), _Side()
        self._sizes: dict[Desk, int] = {}
        self._many: set[tuple[Desk, int]] = set()
        self._unsure: set[str] = set()

    def note(self, queues: Iterable[Queue]) -> None:
        """These wait, as was just seen."""
        for queue in queues:
            self._side(queue.rank).note(queue)
            if queue.waiting >= MANY:
                self._many.add((queue.desk, queue.rank))

    def join(self, desk: Desk, rank: int, count: int) -> None:
        """So many more wait there now. Some may have been counted already, which costs an ask that finds fewer."""
        known = self._side(rank).waiting.get(desk, {}).get(rank, 0)
        self.note([Queue(desk, rank, min(known + count, MANY))])

    def plan(self, room: int, shared: int, now: float) -> list[Ask]:
        """What to lock for ``room`` claims, of which automation may have ``shared``, less what people take."""
        self._people.wake(now)
        self._others.wake(now)
        people = self._people.deal(room, self._sizes)
        others = self._others.deal(shared - sum(people.values()), self._sizes)
        asks = [Ask(desk, HUMAN, most) for desk, most in people.items()]
        for desk, most in others.items():
            lanes = self._others.waiting[desk]
            asks += [Ask(desk, rank, min(most, lanes[rank])) for rank in sorted(lanes)]
        return asks

    def found(self, ask: Ask, found: int, claimed: int) -> None:
        """How an ask went."""
        side = self._side(ask.rank)
        before = side.waiting.get(ask.desk, {}).get(ask.rank, 0)
        left = (before if found >= ask.most else found) - claimed
        side.left(ask, left)
        if left < MANY // 2 and (ask.desk, ask.rank) in self._many:
            self._many.discard((ask.desk, ask.rank))
            self._unsure.add(ask.desk.account_id)

    def full(self, desk: Desk, until: float, *, given: int, no_to: Collection[int]) -> None:
        """The bucket gave so many and has nothing worth asking for before then; for people only if it said no to them.

        ``no_to``: the ranks of those to whom it said no. Where there are none, it might have given more.
        """
        size = given + given // 2 + 2
        if no_to or size > self._sizes.get(desk, MANY):
            self._sizes[desk] = size
        self._others.rest(desk, until)
        if HUMAN in no_to:
            self._people.rest(desk, until)

    def closed(self, desk: Desk, until: float) -> None:
        """The bucket is full until then, as was seen without asking it; people may still take over a slot."""
        self._others.rest(desk, until)

    def rests(self, desk: Desk, rank: int) -> bool:
        """Whether nothing is known to wait there that may not be overtaken: a person's message goes before automation."""
        return desk not in self._people.waiting and (rank == HUMAN or desk not in self._others.waiting)

    def unsure(self) -> set[str]:
        """Accounts of which more may wait than is known: look again."""
        found, self._unsure = self._unsure, set()
        return found

    def next(self) -> float | None:
        """When something is worth trying, if nothing is heard before; None where nothing waits."""
        return min(
            (at for side in (self._people, self._others) if (at := side.next) is not None), default=None
        )

    def _side(self, rank: int) -> _Side:
        return self._people if rank == HUMAN else self._others
