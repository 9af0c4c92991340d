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
from kaiwa.dispatcher.intake import Intake, Taken, read
from kaiwa.dispatcher.queues import Place
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.runtime import logs, metrics

_QUARANTINE_WITHIN = 10.0

_log = logs.get_logger()


class Sends:
    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, intake: Intake, scheduler: Scheduler, bell: Bell
    ) -> None:
        self._pool = pool
        self._producer = producer
        self._intake = intake
        self._scheduler = scheduler
        self._bell = bell

    async def handle(self, records: Sequence[Record]) -> None:
        taken: dict[str, Taken] = {}
        poison = []
        for record in records:
            if record.value is None:
                continue
            if (found := read(record)) is None:
                poison.append(record)
            else:
                taken.setdefault(found.intent_id, found)
        if poison:
            await self._quarantine(poison)
        if taken:
            with self._scheduler.taking() as may_claim:
                left = await self._take(taken, may_claim=may_claim)
            self._bell.ring(joined=left)

    async def _take(self, taken: dict[str, Taken], *, may_claim: bool) -> Counter[Place]:
        """The queues in which something is left to claim."""
        if may_claim:
            try:
                return await self._take_in(taken, may_claim=True)
            except Exception as error:  # noqa: BLE001 - see below
                # One request that cannot be committed to must not keep all others from being taken in for ever.
                _log.warning("taken_in_without_claims", exc_info=error)
        return await self._take_in(taken, may_claim=False)

    async def _take_in(self, taken: dict[str, Taken], *, may_claim: bool) -> Counter[Place]:
        async with self._pool.acquire() as connection, connection.transaction():
            joined = await self._intake.take_in(connection, taken)
            asks = self._scheduler.at_once(joined) if may_claim else []
            taking = await self._scheduler.within(connection, asks) if asks else None
        if taking is None:
            return joined
        self._scheduler.begin(taking)
        return joined - Counter((claim.want.desk, claim.want.rank) for claim in taking.claims)

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
