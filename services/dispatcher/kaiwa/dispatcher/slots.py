"""Slots: the moment at which each call may leave, given out in PostgreSQL's time and kept on the local clock."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from kaiwa.dispatcher import queues, rows
from kaiwa.dispatcher.batcher import Batcher
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.core import lanes, pace
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.lanes import HUMAN
from kaiwa.dispatcher.core.pace import Slot
from kaiwa.dispatcher.queues import Place
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime.errors import DependencyError
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_FAR = timedelta(days=1)


class Want(NamedTuple):
    """A slot of this bucket for a message of this lane."""

    desk: Desk
    rank: int


class Moves(NamedTuple):
    """The new times of buckets, as PostgreSQL takes them."""

    accounts: list[str]
    classes: list[str]
    tats: list[datetime]
    tolerances: list[timedelta]

    def add(self, desk: Desk, tat: datetime, tolerance: timedelta) -> None:
        self.accounts.append(desk.account_id)
        self.classes.append(desk.bucket)
        self.tats.append(tat)
        self.tolerances.append(tolerance)


class Given(NamedTuple):
    """A slot for each wish, or None; the buckets' new times, and the queues that what was overtaken went back to."""

    slots: list[Slot | None]
    moves: Moves
    overtaken: Counter[Place]


class Slots:
    """Gives out slots of the accounts' buckets, exact with any number of processes.

    ``opens`` remembers when a bucket that was asked is worth asking again (seconds of the local clock).
    """

    def __init__(self, pool: asyncpg.Pool, clock: DatabaseClock) -> None:
        self._pool = pool
        self._clock = clock
        self._credit: dict[Desk, dict[int, float]] = {}
        self._others: Batcher[Want, Slot | None] = Batcher(self._take_far)
        self.claiming, self.marking = pace.Lead(), pace.Lead()
        self.opens: dict[Desk, float] = {}
        self._rates: dict[Desk, pace.Rate] = {}
        self._left: dict[Desk, datetime] = {}  # each bucket's time as this process left it
        self._shared: set[Desk] = set()  # buckets of which others have taken since
        self._overtaken: Counter[Place] = Counter()

    async def take(
        self, connection: Connection, wanted: Sequence[Want], *, horizon: timedelta = pace.HORIZON
    ) -> list[Slot | None]:
        """A slot for each wish, or None where the horizon is full; spent when the transaction commits."""
        if not wanted:
            return []
        buckets = await self._lock(connection, list({want.desk for want in wanted}))
        given = await self.give(connection, buckets, wanted, horizon=horizon)
        if given.moves.accounts:
            await _sql.move_buckets(connection, **given.moves._asdict())
        self._overtaken.update(given.overtaken)
        return given.slots

    async def give(
        self,
        connection: Connection,
        buckets: Sequence[Row],
        wanted: Sequence[Want],
        *,
        horizon: timedelta = pace.HORIZON,
        lead: pace.Lead | None = None,
    ) -> Given:
        """The same of buckets that the caller has locked, and will move, and is ready for after ``lead``.

        Who gets which is the lanes' business: people first, what the floors owe before that.
        """
        wishes: defaultdict[Desk, list[int]] = defaultdict(list)
        for index, want in enumerate(wanted):
            wishes[want.desk].append(index)
        given, moves, overtaken = Given([None] * len(wanted), Moves([], [], [], []), Counter())
        ready = timedelta(seconds=self.lead if lead is None else lead.seconds)
        for row in buckets:
            desk = Desk(row["account_id"], row["class"])
            rate, asking = rows.rate(row), wishes[desk]
            self._rates[desk] = rate
            self._note_others(desk, row["tat"])
            people = [n for n in asking if wanted[n].rank == HUMAN]
            if people and row["tat"] - row["now"] > pace.SOON:
                taken, back = await self._overtake(connection, row, len(people), ready)
                overtaken.update(back)
                for n, slot in zip(people, taken, strict=False):
                    given[n] = slot
                asking = [n for n in asking if given[n] is None]
            found, tat = pace.slots(row["tat"], row["now"], rate, len(asking), ready=ready, horizon=horizon)
            for index, slot in zip(self._chosen(desk, wanted, asking, len(found)), found, strict=True):
                given[index] = slot
            if found and tat is not None:
                moves.add(desk, tat, rate.tolerance)
                self._left[desk] = tat
                self.opens[desk] = self._clock.local(pace.opens(tat, rate))
            elif asking:
                self.opens[desk] = self._clock.local(pace.opens(row["tat"], rate))
        return Given(given, moves, overtaken)

    def _note_others(self, desk: Desk, tat: datetime) -> None:
        if tat == self._left.setdefault(desk, tat):
            self._shared.discard(desk)
        else:
            self._shared.add(desk)

    def is_open(self, desk: Desk, rank: int) -> bool:
        """Whether a bucket is worth asking, as far as this process knows; never of one that others ask, too. A full one
        may be worth a person's asking: there may be a slot to take over.
        """
        full = rank != HUMAN and self.opens.get(desk, 0.0) > time.monotonic()
        return desk not in self._shared and not full

    async def look(self, desks: Collection[Desk]) -> dict[Desk, float]:
        """When buckets that other processes ask, too, are worth asking again: whoever comes second should learn it
        before choosing and judging what it would send. Neither locks nor gives.
        """
        known = [desk for desk in desks if desk in self._shared]
        if not known:
            return {}
        accounts, classes = zip(*known, strict=True)
        async with self._pool.acquire() as connection:
            found = [
                row async for row in _sql.look_at_buckets(connection, accounts=accounts, classes=classes)
            ]
        seen = {Desk(row["account_id"], row["class"]): row["tat"] for row in found}
        return {desk: self._clock.local(pace.opens(tat, self._rates[desk])) for desk, tat in seen.items()}

    async def _lock(self, connection: Connection, desks: list[Desk]) -> list[Row]:
        before = time.monotonic()
        locked = _sql.lock_buckets(
            connection, accounts=[d.account_id for d in desks], classes=[d.bucket for d in desks]
        )
        found = [row async for row in locked]
        self.locked(found, before)
        return found

    def locked(self, buckets: Sequence[Row], since: float) -> None:
        """They were asked for then, and have just come: the clocks' distance is learnt from it."""
        if buckets:
            self._clock.note(since, buckets[0]["now"], time.monotonic())

    async def _overtake(
        self, connection: Connection, bucket: Row, most: int, ready: timedelta
    ) -> tuple[list[Slot], Counter[Place]]:
        """The next slots of automated messages that nobody will have begun to commit to when this is committed. An overtaken
        message goes back to its place in a queue, which is told: its claim's fence is gone, so nobody can send it.
        """
        yielding = _sql.yielding(
            connection,
            account_id=bucket["account_id"],
            bucket=bucket["class"],
            committed=max(pace.COMMITTED, ready + timedelta(seconds=self.marking.seconds)),
            most=most,
        )
        found = sorted([row async for row in yielding], key=lambda row: row["slot_at"])
        if not found:
            return [], Counter()
        await _sql.give_way(connection, ids=[row["intent_id"] for row in found])
        accounts, customers = zip(*((row["account_id"], row["customer_id"]) for row in found), strict=True)
        back = await queues.refresh(connection, accounts=accounts, customers=customers)
        return [pace.exact(row["slot_at"]) for row in found], back

    def overtaken(self) -> Counter[Place]:
        """The queues that got back what calls under way have overtaken, since this was asked last."""
        found, self._overtaken = self._overtaken, Counter()
        return found

    def _chosen(self, desk: Desk, wanted: Sequence[Want], asking: list[int], slots: int) -> list[int]:
        """Who gets them, the first slot to the highest lane. What is owed to lanes that do not ask stays."""
        if slots >= len(asking) or all(wanted[index].rank == HUMAN for index in asking):
            return sorted(asking, key=lambda index: wanted[index].rank)[:slots]
        by_rank: defaultdict[int, list[int]] = defaultdict(list)
        for index in asking:
            by_rank[wanted[index].rank].append(index)
        waiting = {rank: len(found) for rank, found in by_rank.items()}
        shares, self._credit[desk] = lanes.share(slots, waiting, self._credit.get(desk, {}))
        return [index for rank in sorted(shares) for index in by_rank[rank][: shares[rank]]]

    @property
    def lead(self) -> float:
        """Seconds from asking for a slot to being ready for it, where a call is committed to in a transaction of its own."""
        return self.claiming.seconds + self.marking.seconds

    def near(self, slot: Slot, lead: pace.Lead) -> bool:
        """Whether it takes until then to be ready for it."""
        return self._clock.local(slot.at) <= time.monotonic() + lead.seconds + self.marking.seconds

    async def now(self) -> datetime:
        """The moment on PostgreSQL's clock."""
        return await self._clock.read(self._pool)

    async def another(self, want: Want) -> Slot:
        """The next slot there is, however far: for a call whose first one passed, or for the next part.

        A call that has begun must not queue behind claims that have not: they stay within the horizon, it need not.
        """
        slot = await self._others.submit(want)
        if slot is None:
            raise DependencyError(f"account {want.desk.account_id} is no longer registered")
        return slot

    async def _take_far(self, wanted: list[Want]) -> list[Slot | None]:
        started = time.monotonic()
        async with self._pool.acquire() as connection, connection.transaction():
            slots = await self.take(connection, wanted, horizon=_FAR)
        self.claiming.note(time.monotonic() - started)
        return slots

    async def reached(self, slot: Slot) -> bool:
        """Wait for the moment of a slot; False where it was missed."""
        await asyncio.sleep(max(0.0, self._clock.local(slot.at) - time.monotonic()))
        return time.monotonic() <= self._clock.local(slot.until)

    async def turn(self, want: Want) -> None:
        """Wait for a slot, and for another one where the moment was missed."""
        while not await self.reached(await self.another(want)):
            pass
