"""What a batch from Kafka does to the database: parse, decide, act, in one transaction."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from kaiwa.compliance.cases import columns, open_case
from kaiwa.compliance.core.erasure import Copy, Decision, Known, Place, dated_anew, decide
from kaiwa.compliance.core.holders import OURS
from kaiwa.compliance.core.reading import Batch, Record, Word, read
from kaiwa.compliance.requests import ANSWER_WITHIN, code_of
from kaiwa.runtime import crash, logs, metrics
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_log = logs.get_logger()


class Intake:
    """Handles batches. ``key`` hashes the index, ``bound`` is the time to keep; ``wake`` rings when there is work."""

    def __init__(self, pool: asyncpg.Pool, *, key: bytes, bound: timedelta, wake: asyncio.Event) -> None:
        self._pool, self._key, self._bound, self._wake = pool, key, bound, wake
        self._sql: Any = queries.load("kaiwa.compliance")
        for holder in OURS:
            metrics.RECEIPT_SECONDS.labels(
                holder
            )  # a series that begins with its first receipt hides it from rates

    async def __call__(self, records: Sequence[Record]) -> None:
        batch = read(records, self._key)
        if batch.empty:
            return  # heartbeats, tombstones, and what concerns nobody
        async with self._pool.acquire() as connection, connection.transaction():
            known = await self._known(connection, batch)
            decision = decide(batch.copies, batch.unsends, known, batch.belongings)
            await self._record(connection, batch, decision)
            again = await self._again(connection, {*batch.nameless, *dated_anew(batch.belongings, known)})
        crash.point("compliance.recorded")
        if decision.cases or decision.joined or batch.words or batch.wishes or again:
            self._wake.set()

    async def _known(self, connection: Connection, batch: Batch) -> Known:
        """What the index says of this batch; from here to the commit it changes for nobody's unsend."""
        await (self._sql.lock_alone if batch.unsends else self._sql.lock_shared)(connection)
        own = {unsend_hash for unsend in batch.unsends for unsend_hash in unsend.hashes}
        asked = own | {copy.hash for copy in batch.copies} | {found.hash for found in batch.belongings}
        remembered = {
            row["mid_hash"]: row["cutoff"]
            async for row in self._sql.unsent_among(connection, mid_hashes=list(asked))
        }
        unsent = frozenset(mid_hash for mid_hash, cutoff in remembered.items() if cutoff is None)
        erased = {subject: cutoff for subject, cutoff in remembered.items() if cutoff is not None}
        awaited = await self._awaited(connection, list(erased)) if erased else {}
        gathering = await self._gathering(connection, list(erased)) if erased else {}
        wanted = list(own | unsent)
        if not wanted:
            return Known(erased=erased, awaited=awaited, gathering=gathering)
        copies = {
            (row["mid_hash"], Place(row["topic"], row["partition"], row["key"])): row["record_offset"]
            async for row in self._sql.copies_of(connection, mid_hashes=wanted)
        }
        return Known(unsent, copies, erased, awaited, gathering)

    async def _awaited(self, connection: Connection, erased: Sequence[str]) -> dict[str, datetime]:
        rows = self._sql.searches_awaited(connection, subject_hashes=erased)
        return {row["subject_hash"]: row["cutoff"] async for row in rows}

    async def _gathering(self, connection: Connection, erased: Sequence[str]) -> dict[str, str]:
        rows = self._sql.gathering(connection, subject_hashes=erased)
        return {row["subject_hash"]: row["erasure_id"] async for row in rows}

    async def _again(self, connection: Connection, places: Collection[Place]) -> int:
        """How many of these were tombstoned as somebody's before: they owe another tombstone, whatever they say."""
        if not places:
            return 0
        ordered = sorted(places, key=lambda place: (place.topic, place.partition, place.key))
        again: int = await self._sql.tombstone_again(
            connection,
            topics=[place.topic for place in ordered],
            partitions=[place.partition for place in ordered],
            keys=[place.key for place in ordered],
        )
        return again

    async def _record(self, connection: Connection, batch: Batch, decision: Decision) -> None:
        if batch.copies:
            await self._index(connection, batch.copies)
        if decision.unsent:
            await self._sql.remember_unsent(connection, mid_hashes=list(decision.unsent))
        for case in decision.cases:
            await open_case(connection, case, key=self._key, bound=self._bound)
        if decision.joined:
            await self._sql.add_targets(connection, **columns(decision.joined))
        for word in batch.words:
            await self._note(connection, word)
        for wish in batch.wishes:
            await self._sql.ask(
                connection,
                code=code_of(wish),
                source=wish.source,
                app_id=wish.app_id,
                user_id=wish.user_id,
                account_id=None,
                customer_id=None,
                within=ANSWER_WITHIN,
            )

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

    async def _note(self, connection: Connection, word: Word) -> None:
        """A word that nobody owes is kept apart: it closes nothing."""
        receipt = word.receipt
        noted = await self._sql.note_receipt(
            connection,
            erasure_id=receipt.erasure_id,
            holder=receipt.holder,
            status=receipt.status,
            count=receipt.count,
            at=word.at,
        )
        if noted["stray"] is None:
            metrics.RECEIPT_SECONDS.labels(receipt.holder).observe(noted["after"])
        else:
            metrics.STRAY_RECEIPTS.labels(noted["stray"]).inc()
            _log.warning("stray_receipt", why=noted["stray"])
