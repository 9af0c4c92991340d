"""Slots: the moment at which each call may leave, given out in PostgreSQL's time and kept on the local clock."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from kaiwa.dispatcher.core import pace
from kaiwa.dispatcher.core.pace import BucketClass
from kaiwa.dispatcher.rows import limits
from kaiwa.runtime.errors import DependencyError
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_FAR = timedelta(days=1)
_REMEMBER = 60.0  # seconds after which a better sample of the clocks' distance counts as old


@dataclass(frozen=True)
class Want:
    account_id: str
    bucket: BucketClass


class DatabaseClock:
    """PostgreSQL's time on the local monotonic clock: the sample with the shortest round trip says how far apart."""

    def __init__(self) -> None:
        self._error = float("inf")
        self._offset = 0.0
        self._taken = 0.0

    def note(self, before: float, database: datetime, after: float) -> None:
        """A reading of the database's clock between two local moments."""
        error = (after - before) / 2
        if error <= self._error or after - self._taken > _REMEMBER:
            self._error, self._taken = error, after
            self._offset = database.timestamp() - (before + after) / 2

    def local(self, moment: datetime) -> float:
        """The monotonic time of a moment of the database's clock."""
        return moment.timestamp() - self._offset


class Slots:
    """Gives out slots of the accounts' buckets, exact with any number of processes."""

    def __init__(self, pool: asyncpg.Pool, clock: DatabaseClock) -> None:
        self._pool = pool
        self._clock = clock

    async def take(
        self, connection: Connection, wanted: Sequence[Want], *, horizon: timedelta = pace.HORIZON
    ) -> list[datetime | None]:
        """A slot for each wish in turn, None where the horizon is full; spent when the transaction commits."""
        if not wanted:
            return []
        before = time.monotonic()
        rows = [
            row
            async for row in _sql.lock_buckets(
                connection, accounts=[w.account_id for w in wanted], classes=[w.bucket for w in wanted]
            )
        ]
        if rows:
            self._clock.note(before, rows[0]["now"], time.monotonic())
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for want in wanted:
            counts[want.account_id, want.bucket] += 1
        given: dict[tuple[str, str], list[datetime]] = {}
        moved = []
        for row in rows:
            key = (row["account_id"], row["class"])
            rate = limits(row).rate(row["class"])
            given[key], tat = pace.slots(row["tat"], row["now"], rate, counts[key], horizon=horizon)
            if given[key]:
                moved.append((*key, tat, rate.tolerance))
        if moved:
            accounts, classes, tats, tolerances = zip(*moved, strict=True)
            await _sql.move_buckets(
                connection, accounts=accounts, classes=classes, tats=tats, tolerances=tolerances
            )
        supplies = {key: iter(found) for key, found in given.items()}
        return [next(supplies[want.account_id, want.bucket], None) for want in wanted]

    async def another(self, want: Want) -> datetime:
        """The next slot there is, however far: for a call whose first one passed, or for the next part.

        A call that has begun must not queue behind claims that have not: they stay within the horizon, it need not.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            (slot,) = await self.take(connection, [want], horizon=_FAR)
        if slot is None:
            raise DependencyError(f"account {want.account_id} is no longer registered")
        return slot

    async def turn(self, want: Want) -> None:
        """Wait for a slot, and for another one where the moment was missed."""
        while True:
            at = self._clock.local(await self.another(want))
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            if time.monotonic() - at <= pace.LATE.total_seconds():
                return
