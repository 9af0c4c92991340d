"""The outbox's way to Kafka: published, acknowledged, then removed; a crash between the two publishes again."""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.outcomes import decode
from kaiwa.dispatcher import facts
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.portions import portions
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import crash, logs
from kaiwa.store import locks
from kaiwa.store.pool import UNREACHABLE
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_LOCK = locks.key("dispatcher.outbox")
_MOST = 250  # each is two records with its fact, and all are handed over in one go
_GATHER = 0.02  # seconds between two looks: what comes meanwhile goes together
_LOOK = 1.0  # seconds until a look of its own accord, for what other processes left
_PAUSE = 0.5  # seconds after a failure
_WITHIN = 10.0


class Relay:
    """Carries the outbox; beside each outcome goes its fact for analytics, where a `pseudonym_key` is given."""

    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, bell: Bell, pseudonym_key: bytes | None = None
    ) -> None:
        self._pool = pool
        self._producer = producer
        self._ear = bell.ear()
        self._pseudonym_key = pseudonym_key

    async def run(self) -> None:
        while True:
            try:
                moved = await self.once()
            except (PublishFailed, *UNREACHABLE) as error:
                _log.warning("outbox_waits", exc_info=error)
                await asyncio.sleep(_PAUSE)
            else:
                if moved is None or moved < _MOST:
                    await asyncio.sleep(_GATHER)
                if moved == 0:
                    await self._ear.wait(_LOOK)
                self._ear.answered()

    async def once(self) -> int | None:
        """Move what is there, oldest first; how many records that was, None while another process is at it."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await _sql.try_lock_relay(connection, key=_LOCK):
                return None
            rows = [row async for row in _sql.take_oldest(connection, most=_MOST)]
            if not rows:
                return 0
            records, told = [], []
            async for some in portions(rows):
                records += [_record(row) for row in some]
                told += self._facts(some)
            await self._producer.publish([*records, *told], within=_WITHIN)
            crash.point("dispatcher.outbox_published")
            return len(rows)

    def _facts(self, rows: Sequence[Row]) -> list[Outgoing]:
        if (key := self._pseudonym_key) is None:
            return []
        told = [
            (decode(row["value"]), msgspec.convert(row["measured"], facts.Measured))
            for row in rows
            if row["topic"] == topics.OUTCOMES and row["measured"] is not None
        ]
        return facts.records(told, key)


def _record(row: Row) -> Outgoing:
    headers = tuple((name, text.encode("ascii")) for name, text in row["headers"])
    return Outgoing(row["topic"], row["key"], row["value"], headers)
