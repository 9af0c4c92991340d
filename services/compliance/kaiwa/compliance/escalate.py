"""Holders that are late, or that failed to delete: an alarm for each, once, and a mark that the report shows."""

from typing import Any, Final

import asyncpg

from kaiwa.compliance.core.holders import OURS
from kaiwa.compliance.loops import keep
from kaiwa.runtime import logs, metrics
from kaiwa.store import queries

_EVERY: Final = 5.0  # seconds between two looks

_log = logs.get_logger()


async def escalate(pool: asyncpg.Pool) -> None:
    """Every process may: a row is marked once, and whoever marks it says so."""
    sql: Any = queries.load("kaiwa.compliance")
    known = set(OURS)

    async def turn() -> bool:
        async with pool.acquire() as connection:
            rows = [row async for row in sql.escalate(connection)]
            owed = {row["holder"]: (row["duties"], row["overdue"]) async for row in sql.owed(connection)}
        for row in rows:
            metrics.ESCALATIONS.labels(row["holder"], row["escalation"]).inc()
            _log.error("receipt_escalated", **row)
        known.update(owed)
        for holder in known:
            duties, overdue = owed.get(holder, (0, 0))
            metrics.RECEIPTS_OWED.labels(holder).set(duties)
            metrics.RECEIPTS_OVERDUE.labels(holder).set(overdue)
        return False

    await keep(turn, name="escalate", every=_EVERY)
