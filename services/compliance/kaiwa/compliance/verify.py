"""The verifier: after the bound it reads the log again from its beginning, for many cases in one pass."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
from aiokafka import TopicPartition

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import pages
from kaiwa.compliance.cases import columns
from kaiwa.compliance.core.entries import Fact
from kaiwa.compliance.core.erasure import Place
from kaiwa.compliance.core.search import Finding, Search, Wanted
from kaiwa.compliance.ledger import enter
from kaiwa.compliance.locate import partition_counts
from kaiwa.compliance.loops import elected, keep
from kaiwa.compliance.pace import Pace
from kaiwa.runtime import crash, logs, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import Kafka
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_MOST: Final = 500  # cases of one pass
_MOST_AGAIN: Final = 20_000  # records that came once more, of one pass
_EVERY: Final = 1.0  # seconds between looks for cases whose time has come

_log = logs.get_logger()


@dataclass(frozen=True)
class Due:
    """What is to be looked for as of the moment ``at``; ``again``: records that came once more after their case had been
    verified.
    """

    at: datetime
    wanted: Sequence[Wanted]
    again: Sequence[tuple[str, Place]]


class Verifier:
    """Elected, as one pass serves all. ``wake`` rings when a case was verified or found again."""

    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, kafka: Kafka, pace: Pace, *, wake: asyncio.Event
    ) -> None:
        self._pool, self._producer, self._kafka, self._pace, self._wake = pool, producer, kafka, pace, wake
        self._sql: Any = queries.load("kaiwa.compliance")
        self._bound = float("inf")  # the one that every check's time keeps

    async def run(self) -> None:
        await elected(self._pool, lambda: keep(self._turn, name="verify", every=_EVERY), name="verifier")

    async def _turn(self) -> bool:
        await self._sooner()
        due = await self._due()
        if not due.wanted and not due.again:
            return False
        await self._pace.read()
        if self._pace.drift:
            return False  # an alarm is out: absence now would say nothing about how long it took
        findings = await self._scan(due)
        crash.point("compliance.scanned")
        await self._conclude(due, findings)
        crash.point("compliance.verified")
        self._wake.set()
        return True

    async def _sooner(self) -> None:
        """Where settings erase faster again, they do so with what was tombstoned before, too."""
        bound = self._pace.bound
        if bound < self._bound:
            async with self._pool.acquire() as connection:
                await self._sql.check_sooner(connection, bound=timedelta(seconds=bound))
        self._bound = bound

    async def _due(self) -> Due:
        async with self._pool.acquire() as connection, connection.transaction():
            at = await self._sql.moment(connection)
            cases = [row async for row in self._sql.cases_to_verify(connection, most=_MOST)]
            asked = [case["erasure_id"] for case in cases]
            places: dict[str, set[Place]] = {erasure_id: set() for erasure_id in asked}
            async for row in self._sql.targets_of(connection, erasure_ids=asked):
                places[row["erasure_id"]].add(Place(row["topic"], row["partition"], row["key"]))
            rows = self._sql.targets_to_check(connection, most=_MOST_AGAIN)
            again = [
                (row["erasure_id"], Place(row["topic"], row["partition"], row["key"])) async for row in rows
            ]
        return Due(
            at, [Wanted(**case, places=frozenset(places[case["erasure_id"]])) for case in cases], again
        )

    async def _scan(self, due: Due) -> list[Finding]:
        search = Search(due.wanted, await partition_counts(self._producer), due.again)
        partitions = [TopicPartition(*partition) for partition in sorted(search.partitions)]
        read = pages(self._kafka, client_id="kaiwa.compliance.verifier", partitions=partitions)
        return [finding async for page in read for record in page for finding in search.look(record)]

    async def _conclude(self, due: Due, findings: Sequence[Finding]) -> None:
        found = {finding.erasure_id for finding in findings}
        async with self._pool.acquire() as connection, connection.transaction():
            for case in due.wanted:
                if case.erasure_id in found:
                    fact = Fact.FOUND
                    row = await self._sql.mark_found(connection, erasure_id=case.erasure_id)
                else:
                    fact = Fact.VERIFIED
                    row = await self._sql.mark_verified(
                        connection, erasure_id=case.erasure_id, looked_at=due.at
                    )
                if row is None:
                    continue  # another process concluded it, or it is looked at again
                await enter(connection, fact, [row])
                if fact is Fact.VERIFIED:
                    metrics.VERIFIED_SECONDS.observe((utc_now() - row["appended_at"]).total_seconds())
            await self._conclude_again(connection, due, findings)
            await self._sql.add_targets(
                connection, **columns([(finding.erasure_id, finding.place) for finding in findings])
            )
        for finding in findings:
            _alarm(finding)

    async def _conclude_again(self, connection: Connection, due: Due, findings: Sequence[Finding]) -> None:
        """One that is found gets another tombstone, as any finding does, and another look after that."""
        still = {(finding.erasure_id, finding.place) for finding in findings}.intersection(due.again)
        there = [erasure_id for erasure_id, _ in still]
        gone = [each for each in due.again if each not in still]
        entered = [row async for row in self._sql.note_found(connection, erasure_ids=there)]
        await enter(connection, Fact.FOUND, entered)
        verified = [
            row async for row in self._sql.mark_checked(connection, **columns(gone), looked_at=due.at)
        ]
        await enter(connection, Fact.VERIFIED_AGAIN, verified)


def _alarm(finding: Finding) -> None:
    metrics.FOUND_AGAIN.inc()
    _log.error(
        "erased_record_found",
        erasure_id=finding.erasure_id,
        topic=finding.place.topic,
        partition=finding.place.partition,
        offset=finding.offset,
    )
