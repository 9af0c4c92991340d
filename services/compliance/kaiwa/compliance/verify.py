"""The verifier: after the bound it reads the log again from its beginning, for many cases in one pass."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from aiokafka import TopicPartition

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import pages
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

_MOST: Final = 500  # cases of one pass
_EVERY: Final = 1.0  # seconds between looks for cases whose time has come

_log = logs.get_logger()


class Verifier:
    """Elected, as one pass serves all. ``wake`` rings when a case was verified or found again."""

    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, kafka: Kafka, pace: Pace, *, wake: asyncio.Event
    ) -> None:
        self._pool, self._producer, self._kafka, self._pace, self._wake = pool, producer, kafka, pace, wake
        self._sql: Any = queries.load("kaiwa.compliance")

    async def run(self) -> None:
        await elected(self._pool, lambda: keep(self._turn, name="verify", every=_EVERY), name="verifier")

    async def _turn(self) -> bool:
        wanted = await self._due()
        if not wanted:
            return False
        await self._pace.read()
        if self._pace.drift:
            return False  # an alarm is out: absence now would say nothing about how long it took
        findings = await self._scan(wanted)
        crash.point("compliance.scanned")
        await self._conclude(wanted, findings)
        crash.point("compliance.verified")
        self._wake.set()
        return True

    async def _due(self) -> list[Wanted]:
        async with self._pool.acquire() as connection, connection.transaction():
            cases = [row async for row in self._sql.cases_to_verify(connection, most=_MOST)]
            asked = [case["erasure_id"] for case in cases]
            places: dict[str, set[Place]] = {erasure_id: set() for erasure_id in asked}
            async for row in self._sql.targets_of(connection, erasure_ids=asked):
                places[row["erasure_id"]].add(Place(row["topic"], row["partition"], row["key"]))
        return [Wanted(**case, places=frozenset(places[case["erasure_id"]])) for case in cases]

    async def _scan(self, wanted: Sequence[Wanted]) -> list[Finding]:
        search = Search(wanted, await partition_counts(self._producer))
        partitions = [TopicPartition(*partition) for partition in sorted(search.partitions)]
        read = pages(self._kafka, client_id="kaiwa.compliance.verifier", partitions=partitions)
        return [finding async for page in read for record in page for finding in search.look(record)]

    async def _conclude(self, wanted: Sequence[Wanted], findings: Sequence[Finding]) -> None:
        found = {finding.erasure_id for finding in findings}
        async with self._pool.acquire() as connection, connection.transaction():
            for case in wanted:
                mark = self._sql.mark_found if case.erasure_id in found else self._sql.mark_verified
                fact = Fact.FOUND if case.erasure_id in found else Fact.VERIFIED
                row = await mark(connection, erasure_id=case.erasure_id)
                if row is None:
                    continue  # another process concluded it
                await enter(connection, fact, [row])
                if fact is Fact.VERIFIED:
                    metrics.VERIFIED_SECONDS.observe((utc_now() - row["appended_at"]).total_seconds())
            await self._sql.add_targets(
                connection,
                erasure_ids=[finding.erasure_id for finding in findings],
                topics=[finding.place.topic for finding in findings],
                partitions=[finding.place.partition for finding in findings],
                keys=[finding.place.key for finding in findings],
            )
        for finding in findings:
            _alarm(finding)


def _alarm(finding: Finding) -> None:
    metrics.FOUND_AGAIN.inc()
    _log.error(
        "erased_record_found",
        erasure_id=finding.erasure_id,
        topic=finding.place.topic,
        partition=finding.place.partition,
        offset=finding.offset,
    )
