"""How far the events are applied, as this process has heard, and which queues wait for more of it.

Other conversations have their events in the same partition. Of a batch in hand it is known whose they are, so a request
need not wait for those of others.

When to ring is a hint: the decision reads what the database says. Without it a message that came sooner than what it
answers would be claimed in vain, put back, and looked at again a quarter of a second later.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import asyncpg

from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.lanes import RANKS
from kaiwa.dispatcher.queues import Place, Room
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_LOOK = 0.02  # seconds between looks at what other processes have applied, while somebody waits
_PATIENCE = 1.0  # seconds; then it is left to the scheduler's look at everything

Positions = Mapping[int, int]
"""By partition of the events, the offset below which they are, or have to be, applied."""

Needed = Callable[[str], int | None]
"""For an intent, how far its conversation's events have to be applied before it may go. None: nobody can tell, or need."""


def unknown(_: str) -> None:
    """Where Kafka was not asked. Time has to tell."""


def needs(rows: Iterable[Mapping[str, Any]]) -> Mapping[Place, Positions]:
    """Of the queues of new requests which automation alone has joined."""
    found: dict[Place, dict[int, int]] = {}
    people = set()
    for row in rows:
        if row["state"] != "queued":
            continue
        place = Desk(row["account_id"], row["bucket"]), RANKS[row["lane"]]
        if row["author_kind"] == "human":
            people.add(place)
        elif (end := row["events_end"]) is not None and row["partition"] >= 0:
            found.setdefault(place, {})[row["partition"]] = end
    return {place: ends for place, ends in found.items() if place not in people}


class _Waiting(NamedTuple):
    needs: Positions
    place: Place
    many: int
    since: float


class Knowledge:
    def __init__(self, pool: asyncpg.Pool, bell: Bell) -> None:
        self._pool = pool
        self._bell = bell
        self._applied: dict[int, int] = {}
        self._begun: Positions = {}
        self._seen: Positions = {}
        self._concerned: Collection[Room] = frozenset()
        self._waiting: list[_Waiting] = []
        self._somebody = asyncio.Event()

    def reading(self, begun: Positions, seen: Positions, concerned: Collection[Room]) -> None:
        """A batch is in hand, from there to there, with news of these conversations alone; all before it is applied. That
        stays true, whatever becomes of the batch.
        """
        self._begun, self._seen, self._concerned = begun, seen, concerned

    def needed(self, room: Room, partition: int, end: int) -> int:
        """How far the partition has to be applied for everything about this conversation below ``end`` to be."""
        begun = self._begun.get(partition, end)
        others = begun < end <= self._seen.get(partition, 0) and room not in self._concerned
        return begun if others else end

    def lacks(self, needs: Positions) -> bool:
        return any(self._applied.get(partition, 0) < end for partition, end in needs.items())

    def heard(self, applied: Positions) -> None:
        """So far they are applied, and committed. Rings for the queues that waited for it."""
        for partition, position in applied.items():
            self._applied[partition] = max(position, self._applied.get(partition, 0))
        if self._waiting:
            self._ring()

    def wait(self, needs: Mapping[Place, Positions], joined: Mapping[Place, int]) -> None:
        """Ring for so many conversations of each queue once all that it needs is applied."""
        if joined:
            now = time.monotonic()
            self._waiting += [_Waiting(needs[place], place, many, now) for place, many in joined.items()]
            self._somebody.set()
            self._ring()

    async def run(self) -> None:
        """Hear of what other processes apply; of its own batches this one hears at once."""
        while True:
            await self._somebody.wait()
            await asyncio.sleep(_LOOK)
            before = time.monotonic() - _LOOK
            if any(one.since < before for one in self._waiting):
                await self._look()
            late = time.monotonic() - _PATIENCE
            self._waiting = [one for one in self._waiting if one.since > late]
            if not self._waiting:
                self._somebody.clear()

    async def _look(self) -> None:
        try:
            found = [row async for row in _sql.applied(self._pool)]
        except UNREACHABLE as error:
            _log.warning("knowledge_waits", exc_info=error)
        else:
            self.heard({row["partition"]: row["applied"] for row in found})

    def _ring(self) -> None:
        known = Counter[Place]()
        left = []
        for one in self._waiting:
            if self.lacks(one.needs):
                left.append(one)
            else:
                known[one.place] += one.many
        self._waiting = left
        if known:
            self._bell.ring(joined=known)
