"""What has had its time goes: the index's old days, the memory of what was unsent, and cases long closed."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.loops import keep
from kaiwa.contracts import topics
from kaiwa.store import queries
from kaiwa.store.pool import Connection

BEYOND: Final = timedelta(days=7)
"""Unsent mids are remembered so long past retention. The platform delivers again for 36 hours; the rest is for
outages of our own."""

CLOSED_FOR: Final = timedelta(days=35)
"""An order stays in Kafka so long after it closed: as long as a backup may be restored."""

TOLD_FOR: Final = timedelta(days=7)
"""That access was taken back stays in Kafka so long: as long as a dispatcher may be away."""

_EVERY: Final = 60.0  # seconds; a clock that was put forward must find its day soon
_AHEAD: Final = 3  # days that are there before they are needed
_MOST: Final = 500  # cases of one turn
_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge their tombstones

_sql: Final[Any] = queries.load("kaiwa.compliance")


async def open_days(connection: Connection, *, retention: float) -> None:
    """The index has a partition for today and the days to come, and none that is past retention."""
    today: date = await _sql.today(connection)
    wanted = {today + timedelta(days=number) for number in range(-1, _AHEAD + 1)}
    kept_from = today - timedelta(seconds=retention) - timedelta(days=1)
    there = {_day(row["name"]): row["name"] async for row in _sql.index_days(connection)}
    # One at a time, under a lock: a partition that another process is just making is no error.
    async with connection.transaction():
        await _sql.lock_days(connection)
        for day in sorted(wanted - there.keys()):
            await connection.execute(
                f"create table if not exists compliance.{_name(day)} partition of compliance.places "
                f"for values from ('{day}') to ('{day + timedelta(days=1)}')"
            )
        for day, name in there.items():
            if day < kept_from and day not in wanted:
                await connection.execute(f"drop table if exists compliance.{name}")


def _name(day: date) -> str:
    return f"places_{day:%Y%m%d}"


def _day(name: str) -> date:
    digits = name.removeprefix("places_")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


class Forgetting:
    """``retention`` in seconds."""

    def __init__(self, pool: asyncpg.Pool, producer: Producer, *, retention: float) -> None:
        self._pool, self._producer, self._retention = pool, producer, retention

    async def run(self) -> None:
        await keep(self._turn, name="forget", every=_EVERY)

    async def _turn(self) -> bool:
        remembered = timedelta(seconds=self._retention) + BEYOND
        async with self._pool.acquire() as connection:
            await open_days(connection, retention=self._retention)
            await _sql.forget_unsent(connection, older_than=remembered)
            await _sql.forget_strays(connection, older_than=CLOSED_FOR)
            await _sql.forget_withdrawals(connection, older_than=CLOSED_FOR)
            await self._end_withdrawals(connection)
        return await self._close_the_book()

    async def _end_withdrawals(self, connection: Connection) -> None:
        """An owner may have come back meanwhile, and whoever read the order anew would forget the new token."""
        async with connection.transaction():
            rows = [row async for row in _sql.withdrawals_to_end(connection, older_than=TOLD_FOR, most=_MOST)]
            gone = [Outgoing(topics.ERASURES, row["erasure_id"].encode(), None) for row in rows]
            if gone:
                await self._producer.publish(gone, within=_WITHIN)
            await _sql.end_withdrawals(connection, erasure_ids=[row["erasure_id"] for row in rows])

    async def _close_the_book(self) -> bool:
        """Orders and receipts of cases long closed leave Kafka, and then the cases leave, with their nonces."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in _sql.cases_to_forget(connection, older_than=CLOSED_FOR, most=_MOST)]
            if rows:
                gone = [record for row in rows for record in _gone(row["erasure_id"], row["holders"])]
                await self._producer.publish(gone, within=_WITHIN)
                await _sql.forget_cases(connection, erasure_ids=[row["erasure_id"] for row in rows])
        return len(rows) == _MOST


def _gone(erasure_id: str, holders: Sequence[str]) -> list[Outgoing]:
    keys = [f"{erasure_id}:{holder}".encode() for holder in holders]
    return [
        Outgoing(topics.ERASURES, erasure_id.encode(), None),
        *(Outgoing(topics.RECEIPTS, key, None) for key in keys),
    ]
