"""The records of a customer or an account: found by reading the partitions where they can be, many cases in one pass.

It reads up to where intake has committed, and not before that has passed the ends of the moment: no unsend is erased
before it was noticed. What intake reads until the search begins is left to it, what comes after is a late copy.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
from aiokafka import TopicPartition

from kaiwa.bus.offsets import offsets
from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import pages
from kaiwa.compliance.cases import columns
from kaiwa.compliance.core.search import Finding, Search, Wanted
from kaiwa.compliance.loops import elected, keep
from kaiwa.contracts import topics
from kaiwa.runtime import crash, logs
from kaiwa.runtime.settings import Kafka
from kaiwa.store import queries

CONTENT: Final = (topics.EVENTS, topics.QUARANTINE)

_MOST: Final = 500  # cases of one pass
_PAGE: Final = 5_000  # targets written at once
_EVERY: Final = 0.25  # seconds between two looks for cases
_LOOK: Final = 0.05  # seconds between two looks whether intake has caught up
_PATIENCE: Final = 10.0  # seconds for that, before the cases are looked at anew
_WITHIN: Final = 10.0  # seconds to learn how many partitions there are

_log = logs.get_logger()


class Locator:
    """Elected, as one pass serves all. ``group`` is intake's; ``wake`` rings when tombstones are owed."""

    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, kafka: Kafka, *, group: str, wake: asyncio.Event
    ) -> None:
        self._pool, self._producer, self._kafka = pool, producer, kafka
        self._group, self._wake = group, wake
        self._sql: Any = queries.load("kaiwa.compliance")

    async def run(self) -> None:
        await elected(self._pool, lambda: keep(self._turn, name="locate", every=_EVERY), name="locator")

    async def _turn(self) -> bool:
        async with self._pool.acquire() as connection:
            wanted = [Wanted(**row) async for row in self._sql.cases_to_locate(connection, most=_MOST)]
        if not wanted:
            return False
        search = Search(wanted, await partition_counts(self._producer))
        partitions = [TopicPartition(*found) for found in sorted(search.partitions)]
        if await self._caught_up(partitions) is None:
            return False
        await self._begin(wanted)
        if (until := await self._caught_up(partitions)) is None:
            return False
        await self._search(search, until)
        async with self._pool.acquire() as connection:
            await self._sql.mark_located(connection, erasure_ids=[case.erasure_id for case in wanted])
        self._wake.set()
        return True

    async def _begin(self, wanted: Sequence[Wanted]) -> None:
        """From here on intake answers what it reads of them itself; batches in hand, which did not, are waited for, and
        what those held lies before the ends that are asked for next.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await self._sql.lock_alone(connection)
            await self._sql.begin_search(connection, erasure_ids=[case.erasure_id for case in wanted])

    async def _caught_up(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int] | None:
        """How far intake is once it has passed the ends of this moment; None where that takes it long."""
        deadline = time.monotonic() + _PATIENCE
        async with offsets(self._kafka, client_id="kaiwa.compliance.locator", group=self._group) as asked:
            ends = await asked.ends(partitions)
            while time.monotonic() < deadline:
                committed = await asked.committed(partitions)
                if all(committed[partition] >= end for partition, end in ends.items()):
                    return committed
                await asyncio.sleep(_LOOK)
        return None

    async def _search(self, search: Search, until: Mapping[TopicPartition, int]) -> None:
        found: list[Finding] = []
        read = pages(self._kafka, client_id="kaiwa.compliance.locator", partitions=list(until), until=until)
        async for page in read:
            for record in page:
                found += search.look(record)
            if len(found) >= _PAGE:
                await self._keep(found)
                found = []
        await self._keep(found)

    async def _keep(self, found: Sequence[Finding]) -> None:
        """What is kept twice, after a crash, gets a second tombstone, and that changes nothing."""
        async with self._pool.acquire() as connection:
            targets = [(finding.erasure_id, finding.place) for finding in found]
            await self._sql.add_targets(connection, **columns(targets))
        crash.point("compliance.located")
        self._wake.set()


async def partition_counts(producer: Producer) -> dict[str, int]:
    """How many partitions each topic with content has."""
    return {topic: await producer.partitions(topic, within=_WITHIN) for topic in CONTENT}
