"""Send requests: taken in, and claimed in the same transaction where nothing of their accounts waits; so most of them are
called one commit after they were read.
"""

from collections import Counter
from collections.abc import Sequence

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.bus.quarantine import origin, quarantined
from kaiwa.bus.records import Record
from kaiwa.contracts import ids
from kaiwa.contracts.quarantine import Cause
from kaiwa.contracts.times import from_ms
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.claims import Taking
from kaiwa.dispatcher.core.agenda import Ask
from kaiwa.dispatcher.ends import Ends
from kaiwa.dispatcher.intake import Intake, Taken, TakenIn, read
from kaiwa.dispatcher.knowledge import Knowledge, Needed
from kaiwa.dispatcher.portions import portions
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.runtime import logs, metrics
from kaiwa.store.pool import UNREACHABLE, Connection

_QUARANTINE_WITHIN = 10.0
_NOWHERE = ("", ""), -1

_log = logs.get_logger()


class _ClaimsFailed(Exception):
    """Nothing was taken in, for the sake of what would have been claimed with it."""


class Sends:
    def __init__(
        self,
        pool: asyncpg.Pool,
        producer: Producer,
        intake: Intake,
        ends: Ends,
        *,
        knowledge: Knowledge,
        scheduler: Scheduler,
        bell: Bell,
    ) -> None:
        self._pool = pool
        self._producer = producer
        self._intake = intake
        self._ends = ends
        self._knowledge = knowledge
        self._scheduler = scheduler
        self._bell = bell

    async def handle(self, records: Sequence[Record]) -> None:
        taken: dict[str, Taken] = {}
        poison = []
        async for some in portions([record for record in records if record.value is not None]):
            for record in some:
                if (found := read(record)) is None:
                    poison.append(record)
                else:
                    taken.setdefault(found.intent_id, found)
        if poison:
            await self._quarantine(poison)
        if taken:
            speaking = await self._intake.speaking(self._pool, taken)
            ends = await self._ends.now({partition for _, partition in speaking.values()})

            def needed(intent_id: str) -> int | None:
                room, partition = speaking.get(intent_id, _NOWHERE)
                end = ends.get(partition)
                return None if end is None else self._knowledge.needed(room, partition, end)

            with self._scheduler.taking() as may_claim:
                await self._take(taken, needed, may_claim=may_claim)

    async def _take(self, taken: dict[str, Taken], needed: Needed, *, may_claim: bool) -> None:
        try:
            found, taking = await self._take_in(taken, needed, may_claim=may_claim)
        except _ClaimsFailed as error:
            # One request that cannot be committed to must not keep all others from being taken in for ever.
            _log.warning("taken_in_without_claims", exc_info=error)
            found, taking = await self._take_in(taken, needed, may_claim=False)
        found.note()
        left = found.joined
        if taking is not None:
            self._scheduler.begin(taking)
            claimed = [claim.want for claim in taking.claims if claim.intent_id in taken]
            left = left - Counter((want.desk, want.rank) for want in claimed)
        self._bell.ring(joined={place: many for place, many in left.items() if place not in found.needs})
        self._knowledge.wait(found.needs, {place: left[place] for place in left.keys() & found.needs.keys()})

    async def _take_in(
        self, taken: dict[str, Taken], needed: Needed, *, may_claim: bool
    ) -> tuple[TakenIn, Taking | None]:
        async with self._pool.acquire() as connection, connection.transaction():
            found = await self._intake.take_in(connection, taken, needed)
            self._knowledge.heard(found.applied)
            known = {
                place: many
                for place, many in found.joined.items()
                if not self._knowledge.lacks(found.needs.get(place, {}))
            }
            asks = self._scheduler.at_once(known) if may_claim else []
            return found, await self._claimed(connection, asks) if asks else None

    async def _claimed(self, connection: Connection, asks: list[Ask]) -> Taking:
        try:
            return await self._scheduler.within(connection, asks)
        except UNREACHABLE:
            raise
        except Exception as error:
            raise _ClaimsFailed from error

    async def _quarantine(self, poison: list[Record]) -> None:
        """Before the offsets are committed; a repeat has the same id."""
        await self._producer.publish(
            [
                quarantined(
                    record.value or b"",
                    cause=Cause.WRONG_SHAPE,
                    source=(source := origin(record.topic, record.partition, record.offset)),
                    received_at=from_ms(record.timestamp),
                    record_id=ids.derived(source, str(record.timestamp)),
                )
                for record in poison
            ],
            within=_QUARANTINE_WITHIN,
        )
        metrics.QUARANTINED.labels(Cause.WRONG_SHAPE).inc(len(poison))
