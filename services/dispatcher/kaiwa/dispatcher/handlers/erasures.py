"""Erasure orders: the dispatcher is a holder of data, deletes what it has and sends its receipt."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from kaiwa.bus.records import Record, is_heartbeat, is_tombstone
from kaiwa.contracts import topics
from kaiwa.contracts.cloudevents import headers
from kaiwa.contracts.erasures import Erasure, Receipt, decode_erasure, encode
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.times import from_ms, parse, rfc3339
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.dispatcher import accounts, endings
from kaiwa.dispatcher.outcomes import put
from kaiwa.runtime import logs, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

HOLDER = "dispatcher"
_DEAUTHORISED = "deauthorised"


class Erasures:
    def __init__(self, pool: asyncpg.Pool, *, partitions: int) -> None:
        self._pool = pool
        self._partitions = partitions

    async def handle(self, records: Sequence[Record]) -> None:
        for record in records:
            order = _read(record)
            if order is not None and order.held:
                async with self._pool.acquire() as connection, connection.transaction():
                    await accounts.deauthorise(connection, str(order.account_id))
            elif order is not None and order.state == "open":
                ordered_at = from_ms(record.timestamp)
                async with self._pool.acquire() as connection, connection.transaction():
                    await self._obey(connection, order, ordered_at)
                metrics.ERASED_ROWS.observe(max(0.0, (utc_now() - ordered_at).total_seconds()))

    async def _obey(self, connection: Connection, order: Erasure, ordered_at: datetime) -> None:
        """Delete, mark, and say so, in one transaction; a repeated order finds nothing more and says that.

        The rows go now, their bytes with their slice (`slices.py`).
        """
        await _sql.hold_moving(connection)
        ids = await _intents(connection, order)
        gone = [row async for row in _sql.drop_content_of(connection, ids=ids)]
        if gone:
            await _sql.note_erased(connection, erasure_id=order.erasure_id, ordered_at=ordered_at)
        await _sql.drop_hashes_of(connection, ids=ids)
        await _sql.erase_fingerprints(
            connection,
            ids=ids,
            account_id=order.account_id,
            customer_id=order.customer_id,
            cutoff=None if order.scope == "message" else parse(order.cutoff),
        )
        if order.scope != "message":
            await self._forget_customers(connection, order)
        if order.scope == "account":
            await _sql.erase_uploads(connection, account_id=order.account_id)
        if order.scope == "account" and order.reason == _DEAUTHORISED:
            await accounts.deauthorise(connection, str(order.account_id))
        for row in [row async for row in _sql.lock_queued(connection, ids=ids)]:
            await endings.refuse(connection, row, Reason.RECIPIENT_ERASED)
        await _receipt(connection, order, count=len(gone))

    async def _forget_customers(self, connection: Connection, order: Erasure) -> None:
        """The mark that refuses every request appended before the cutoff; and the echoes' fingerprints."""
        customers = [order.customer_id]
        if order.customer_id is None:
            found = _sql.customers_of(connection, account_id=order.account_id)
            customers = [row["customer_id"] async for row in found]
        for customer_id in customers:
            await _sql.ensure_conversations(
                connection,
                accounts=[order.account_id],
                customers=[customer_id],
                partitions=[of_conversation(str(order.account_id), customer_id, self._partitions)],
            )
            room = {"account_id": order.account_id, "customer_id": customer_id}
            await _sql.erase_conversation(connection, **room, cutoff=parse(order.cutoff))
            await _sql.drop_echoes(connection, **room)
            await _sql.erase_comments(connection, **room)


async def _intents(connection: Connection, order: Erasure) -> list[str]:
    if order.scope == "message":
        rows = _sql.intents_of_mids(connection, account_id=order.account_id, mids=list(order.mids))
    else:
        rows = _sql.intents_of_customer(
            connection,
            account_id=order.account_id,
            customer_id=order.customer_id,
            cutoff=parse(order.cutoff),
        )
    return [row["intent_id"] async for row in rows]


async def _receipt(connection: Connection, order: Erasure, *, count: int) -> None:
    at = rfc3339(await _sql.database_time(connection))
    receipt = Receipt(
        erasure_id=order.erasure_id,
        holder=HOLDER,
        status="done" if count else "nothing_found",
        count=count,
        at=at,
    )
    key = receipt.key
    await put(
        connection,
        topic=topics.RECEIPTS,
        key=key,
        value=encode(receipt),
        head=headers(event_id=key.decode(), kind="erasure.receipt", account_id=None, time=at),
    )


def _read(record: Record) -> Erasure | None:
    if is_tombstone(record) or is_heartbeat(record) or record.value is None:
        return None
    try:
        return decode_erasure(record.value)
    except UNREADABLE as error:
        _log.error("erasure_unreadable", offset=record.offset, exc_info=error)
        return None
