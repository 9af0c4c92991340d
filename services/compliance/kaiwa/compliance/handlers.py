"""What a batch from Kafka does to the database: parse, decide, act, in one transaction."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg

from kaiwa.compliance.core.entries import Fact
from kaiwa.compliance.core.erasure import Case, Copy, Decision, Known, Place, decide
from kaiwa.compliance.core.reading import Batch, Record, Word, read
from kaiwa.compliance.ledger import enter
from kaiwa.contracts import ids
from kaiwa.runtime import crash, logs, metrics
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_NONCE_BYTES: Final = 32

_log = logs.get_logger()


class Intake:
    """Handles batches. ``key`` hashes the index, ``bound`` is the time to keep; ``wake`` rings when a case opened."""

    def __init__(self, pool: asyncpg.Pool, *, key: bytes, bound: timedelta, wake: asyncio.Event) -> None:
        self._pool, self._key, self._bound, self._wake = pool, key, bound, wake
        self._sql: Any = queries.load("kaiwa.compliance")

    async def __call__(self, records: Sequence[Record]) -> None:
        batch = read(records, self._key)
        if not (batch.copies or batch.unsends or batch.words):
            return  # heartbeats, tombstones, and what concerns no message
        async with self._pool.acquire() as connection, connection.transaction():
            decision = decide(batch.copies, batch.unsends, await self._known(connection, batch))
            await self._record(connection, batch, decision)
        crash.point("compliance.recorded")
        if decision.cases or batch.words:
            self._wake.set()
        for case in decision.cases:
            metrics.CASES.labels(case.reason).inc()
            _log.info(
                "erasure_received", erasure_id=case.erasure_id, reason=case.reason, records=len(case.places)
            )

    async def _known(self, connection: Connection, batch: Batch) -> Known:
        """What the index says of this batch; from here to the commit it changes for nobody's unsend."""
        await (self._sql.lock_alone if batch.unsends else self._sql.lock_shared)(connection)
        own = {unsend_hash for unsend in batch.unsends for unsend_hash in unsend.hashes}
        asked = own | {copy.hash for copy in batch.copies}
        unsent = frozenset(
            [row["mid_hash"] async for row in self._sql.unsent_among(connection, mid_hashes=list(asked))]
        )
        wanted = list(own | unsent)
        if not wanted:
            return Known()
        copies = {
            (row["mid_hash"], Place(row["topic"], row["partition"], row["key"])): row["record_offset"]
            async for row in self._sql.copies_of(connection, mid_hashes=wanted)
        }
        return Known(unsent, copies)

    async def _record(self, connection: Connection, batch: Batch, decision: Decision) -> None:
        if batch.copies:
            await self._index(connection, batch.copies)
        if decision.unsent:
            await self._sql.remember_unsent(connection, mid_hashes=list(decision.unsent))
        for case in decision.cases:
            await self._open(connection, case)
        for word in batch.words:
            await self._note(connection, word)

    async def _index(self, connection: Connection, copies: Sequence[Copy]) -> None:
        # One statement may not name a key twice: the newest of each.
        newest: dict[tuple[str, Place], int] = {}
        for copy in copies:
            at = (copy.hash, copy.place)
            newest[at] = max(copy.offset, newest.get(at, -1))
        await self._sql.index_copies(
            connection,
            mid_hashes=[mid_hash for mid_hash, _ in newest],
            topics=[place.topic for _, place in newest],
            partitions=[place.partition for _, place in newest],
            keys=[place.key for _, place in newest],
            offsets=list(newest.values()),
        )

    async def _open(self, connection: Connection, case: Case) -> None:
        subject, nonce = case.subject, secrets.token_bytes(_NONCE_BYTES)
        row = await self._sql.open_case(
            connection,
            erasure_id=case.erasure_id,
            reason=case.reason,
            account_id=subject.account_id,
            customer_id=subject.customer_id,
            mid=subject.mid,
            account_hash=ids.opaque(self._key, "account", subject.account_id or ""),
            customer_hash=ids.opaque(
                self._key, "customer", subject.account_id or "", subject.customer_id or ""
            ),
            mid_hash=case.hash,
            nonce=nonce,
            cutoff=case.cutoff,
            appended_at=case.appended_at,
            bound=self._bound,
        )
        if row is None:
            return  # known: this is a replay
        for place in case.places:
            await self._sql.add_target(
                connection,
                erasure_id=case.erasure_id,
                topic=place.topic,
                partition=place.partition,
                key=place.key,
            )
        await enter(connection, Fact.RECEIVED, [row])

    async def _note(self, connection: Connection, word: Word) -> None:
        await self._sql.note_receipt(
            connection,
            erasure_id=word.receipt.erasure_id,
            holder=word.receipt.holder,
            status=word.receipt.status,
            count=word.receipt.count,
            at=word.at,
        )
