"""Up to when the audit knows everything: what is absent is only found missing after all that could hold it was read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import asyncpg
from aiokafka import TopicPartition

from kaiwa.bus.batches import Batches
from kaiwa.bus.records import Record
from kaiwa.compliance.core.audit.judge import Horizon
from kaiwa.contracts import topics
from kaiwa.contracts.times import from_ms, to_ms
from kaiwa.runtime.clock import utc_now
from kaiwa.store import queries
from kaiwa.store.pool import Connection

AUDITED: Final = (topics.EVENTS, topics.OUTCOMES)

_sql: Final = queries.load("kaiwa.compliance")


Partition: TypeAlias = tuple[str, int]


class Freshness:
    """Shared by all processes of the audit through the database; ``patience`` in seconds."""

    def __init__(self, *, patience: float) -> None:
        self._patience = round(1000 * patience)
        self.horizon = Horizon(known=0, began=0, patience=self._patience)
        self._begun: set[Partition] = set()

    async def begin(self, connection: Connection, records: Sequence[Record]) -> Collection[Partition]:
        """Note where the reading of a partition began: from its very first record, or later. Those of which that is new
        are `begun` once the caller's transaction is.
        """
        firsts: dict[Partition, datetime | None] = {}
        for record in records:
            at = (record.topic, record.partition)
            if at not in self._begun and at not in firsts:
                firsts[at] = None if record.offset == 0 else from_ms(record.timestamp)
        await _note(connection, firsts)
        return firsts

    def begun(self, partitions: Collection[Partition]) -> None:
        self._begun |= set(partitions)

    async def refresh(self, pool: asyncpg.Pool, batches: Batches, *, partitions: int) -> None:
        """Ask Kafka for the ends, compare with what is applied, and learn what all processes know together."""
        now = utc_now()
        ends, applied = await batches.ends(), await batches.applied()
        fresh = [partition for partition, end in ends.items() if applied.get(partition, -1) >= end]
        async with pool.acquire() as connection, connection.transaction():
            unread = [each for each in fresh if (each.topic, each.partition) not in self._begun]
            firsts = {(each.topic, each.partition): _emptied(each, ends, now) for each in unread}
            await _note(connection, firsts)
            await _sql.audit_is_fresh(
                connection,
                topics=[each.topic for each in fresh],
                partitions=[each.partition for each in fresh],
                fresh_at=now,
            )
            row = await _sql.audit_horizon(connection, outcomes=topics.OUTCOMES, partitions=partitions)
        self.begun(firsts)
        self.horizon = Horizon(
            known=to_ms(row["known"]) if row["known"] else 0,
            began=to_ms(row["began"]) if row["began"] else -(2**62),
            patience=self._patience,
        )


async def _note(connection: Connection, firsts: Mapping[Partition, datetime | None]) -> None:
    if firsts:
        await _sql.audit_begins(
            connection,
            topics=[topic for topic, _ in firsts],
            partitions=[partition for _, partition in firsts],
            began=list(firsts.values()),
        )


def _emptied(partition: TopicPartition, ends: dict[TopicPartition, int], now: datetime) -> datetime | None:
    """A partition with nothing to read: empty from the start, or its records were gone when we came."""
    return None if ends[partition] == 0 else now
