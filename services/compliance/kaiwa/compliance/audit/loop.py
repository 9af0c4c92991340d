"""What the audit does between batches: it learns how far it knows, looks again at what was pending, counts, forgets."""

import time
from typing import Final

import asyncpg

from kaiwa.bus.batches import Batches
from kaiwa.bus.producer import Producer
from kaiwa.compliance.audit.freshness import AUDITED, Freshness
from kaiwa.compliance.audit.handler import Audit, forgetting
from kaiwa.compliance.core.audit.verdicts import FINDINGS
from kaiwa.compliance.loops import keep
from kaiwa.runtime import metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.store import queries

_EVERY: Final = 1.0  # seconds
_FORGET_EVERY: Final = 3600.0
_WITHIN: Final = 10.0  # seconds to learn how many partitions there are

_sql: Final = queries.load("kaiwa.compliance")


async def audit_loop(
    pool: asyncpg.Pool, producer: Producer, batches: Batches, freshness: Freshness, audit: Audit
) -> None:
    """Until it is cancelled; any number of processes may, side by side."""
    forgot, started = float("-inf"), utc_now().timestamp()

    def age() -> float:
        return max(0.0, utc_now().timestamp() - (freshness.horizon.known / 1000 or started))

    metrics.AUDIT_KNOWN_AGE.set_function(age)  # so that it grows while no turn comes to its end

    async def turn() -> bool:
        nonlocal forgot
        partitions = sum([await producer.partitions(topic, within=_WITHIN) for topic in AUDITED])
        await freshness.refresh(pool, batches, partitions=partitions)
        busy = await audit.look()
        await _count(pool)
        if time.monotonic() - forgot > _FORGET_EVERY:
            async with pool.acquire() as connection:
                await _sql.forget_audited(connection, **forgetting(utc_now()))
            forgot = time.monotonic()
        return busy

    await keep(turn, name="audit", every=_EVERY)


async def _count(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        rows = [row async for row in _sql.open_findings(connection)]
    open_ = {(row["kind"], row["state"]): row["findings"] for row in rows}
    for kind, states in FINDINGS.items():
        for state in states:
            metrics.AUDIT_FINDINGS.labels(kind, state).set(open_.get((kind, state), 0))
