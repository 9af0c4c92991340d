"""The work on open cases: tombstones and orders out, receipts in, closed when all is said.

Each step takes locked rows, publishes what follows from them, and marks them, in one transaction. A crash in
between publishes again, which changes nothing: a second tombstone, order or receipt says the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, get_args

import asyncpg

from kaiwa.bus import tracing
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.audit.erasing import erase as erase_audited
from kaiwa.compliance.core.entries import Fact
from kaiwa.compliance.core.holders import OURS
from kaiwa.compliance.ledger import enter
from kaiwa.compliance.loops import keep
from kaiwa.compliance.orders import closed, opened, receipt, tombstone, withdrawn
from kaiwa.compliance.pace import Pace
from kaiwa.contracts.erasures import Scope
from kaiwa.runtime import crash, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.metrics.ages import Ages
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_MOST: Final = 2_000  # rows of one step
_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge them
_EVERY: Final = 1.0  # seconds between looks for work that another process left

Rows = Sequence[asyncpg.Record]


@dataclass(frozen=True)
class Step:
    """Rows to ``take``, the record that each becomes, how to ``mark`` them; ``name`` is the crash point between."""

    name: str
    take: Any
    render: Callable[[asyncpg.Record], Outgoing]
    mark: Callable[[Connection, Rows], Awaitable[None]]


class Eraser:
    """Runs the steps; any number of processes may, side by side. ``gathering``: how long late copies wait for more."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        producer: Producer,
        pace: Pace,
        *,
        gathering: timedelta,
        wake: asyncio.Event,
    ) -> None:
        self._pool, self._producer, self._pace, self._wake = pool, producer, pace, wake
        self._gathering = gathering
        self._sql: Any = queries.load("kaiwa.compliance")
        self._ages = Ages(metrics.UNVERIFIED_AGE)

    async def run(self) -> None:
        await keep(self._turn, name="erase", every=_EVERY, wake=self._wake)

    async def _turn(self) -> bool:
        sql, now, holders = self._sql, utc_now(), list(OURS)
        steps = (
            Step("compliance.tombstones_sent", sql.targets_to_send, tombstone, self._mark_sent),
            Step(
                "compliance.order_sent",
                partial(sql.cases_to_order, gathering=self._gathering),
                opened,
                self._mark_ordered,
            ),
            Step("compliance.withdrawal_sent", sql.withdrawals_to_tell, withdrawn, self._mark_told),
            Step(
                "compliance.receipt_sent",
                sql.cases_tombstoned,
                partial(receipt, now=now),
                self._mark_tombstoned,
            ),
            Step(
                "compliance.closing_sent",
                partial(sql.cases_to_close, holders=holders),
                closed,
                self._mark_closed,
            ),
        )
        taken = [await self._do(step) for step in steps]
        async with self._pool.acquire() as connection:
            async for row in sql.finish_requests(connection):
                metrics.REQUESTS.labels(row["source"], "done").inc()
            still = {row["scope"]: row async for row in sql.open_cases(connection)}
        self._count(still)
        return any(taken)

    def _count(self, still: Mapping[str, asyncpg.Record]) -> None:
        ages = {metrics.UNVERIFIED_AGE: max((row["unread"] or 0.0 for row in still.values()), default=0.0)}
        for scope in get_args(Scope):
            row = still.get(scope)
            metrics.ERASURES_OPEN.labels(scope).set(row["cases"] if row else 0)
            ages[metrics.ERASURE_AGE.labels(scope)] = row["age"] if row else 0.0
        self._ages.seen(ages)

    async def _do(self, step: Step) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in step.take(connection, most=_MOST)]
            if rows:
                with tracing.each(step.name, [row.get("cause") for row in rows]):
                    await self._producer.publish([step.render(row) for row in rows], within=_WITHIN)
                crash.point(step.name)
                await step.mark(connection, rows)
        return len(rows)

    async def _mark_sent(self, connection: Connection, rows: Rows) -> None:
        await self._sql.mark_sent(
            connection,
            erasure_ids=_ids(rows),
            topics=[row["topic"] for row in rows],
            partitions=[row["partition"] for row in rows],
            keys=[row["key"] for row in rows],
            bound=timedelta(seconds=self._pace.bound),
        )
        for row in rows:
            metrics.TOMBSTONES.labels(row["topic"], row["reason"]).inc()

    async def _mark_ordered(self, connection: Connection, rows: Rows) -> None:
        await self._sql.mark_ordered(connection, erasure_ids=_ids(rows))

    async def _mark_told(self, connection: Connection, rows: Rows) -> None:
        await self._sql.mark_told(connection, erasure_ids=_ids(rows))

    async def _mark_tombstoned(self, connection: Connection, rows: Rows) -> None:
        bound = timedelta(seconds=self._pace.bound)
        await self._sql.mark_tombstoned(connection, erasure_ids=_ids(rows), bound=bound)
        await erase_audited(connection, rows)
        await enter(connection, Fact.TOMBSTONED, rows)
        now = utc_now()
        for row in rows:
            if row["scope"] == "message":
                metrics.UNSEND_TO_TOMBSTONE.observe((now - row["appended_at"]).total_seconds())

    async def _mark_closed(self, connection: Connection, rows: Rows) -> None:
        await self._sql.mark_closed(connection, erasure_ids=_ids(rows))
        now = utc_now()
        for row in rows:
            metrics.CLOSED.labels(row["scope"], "yes" if now <= row["due_at"] else "no").inc()
        await enter(connection, Fact.CLOSED, rows)


def _ids(rows: Rows) -> list[str]:
    return [row["erasure_id"] for row in rows]
