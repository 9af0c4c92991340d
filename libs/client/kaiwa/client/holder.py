"""A holder of data: whoever keeps what people wrote, or who they are, deletes it on order and gives a receipt.

    async def delete(order: Erasure) -> int:
        return await database.execute("delete from notes where customer_id = $1", order.customer_id)

    asyncio.run(Holder("crm", delete).run())

Orders come at least once and in any order: deleting what is gone already is ``nothing_found``, and as good. What may
arrive after its order, as your own reading may be behind, is yours to look at before you keep it: remember orders.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from kaiwa.bus.batches import Batches
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing, Record
from kaiwa.contracts import cloudevents, topics
from kaiwa.contracts.erasures import Erasure, Receipt, decode_erasure, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.runtime import logs
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import Kafka, Settings, load

Delete = Callable[[Erasure], Awaitable[int]]
"""Deletes all that the order names and existed at its cutoff; how many things that were. Raises where it could not."""

_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge receipts

_log = logs.get_logger()


class HolderSettings(Settings):
    """``KAIWA_KAFKA__…`` alone."""

    kafka: Kafka


class Holder:
    """``name`` is the one that `kaiwa holders add` registered; several processes of one name share the orders.

    An order whose ``delete`` raises gets a receipt ``failed``, which is an alarm, and is not tried again by itself.
    Let ``delete`` wait out what passes, as a database that restarts, and raise for the rest.
    """

    def __init__(self, name: str, delete: Delete, *, kafka: Kafka | None = None) -> None:
        self._name, self._delete = name, delete
        self._kafka = kafka or load(HolderSettings).kafka

    async def run(self) -> None:
        """Until cancelled. Raises DependencyError where Kafka is away at the start."""
        async with AsyncExitStack() as stack:
            group = f"holder.{self._name}"
            self._producer = await stack.enter_async_context(Producer(self._kafka, client_id=group))
            await stack.enter_async_context(
                Batches(self._kafka, [topics.ERASURES], group=group, handle=self._obey)
            )
            await asyncio.Event().wait()

    async def _obey(self, records: Sequence[Record]) -> None:
        orders = [order for record in records if (order := _order(record)) is not None]
        receipts = [await self._receipt(order) for order in orders]
        if receipts:
            await self._producer.publish(receipts, within=_WITHIN)

    async def _receipt(self, order: Erasure) -> Outgoing:
        try:
            count = await self._delete(order)
        except Exception as error:  # noqa: BLE001 - whatever it is, compliance has to hear of it
            _log.error("erasure_failed", erasure_id=order.erasure_id, exc_info=error)
            said = Receipt(erasure_id=order.erasure_id, holder=self._name, status="failed", at=_now())
        else:
            status: Final = "done" if count else "nothing_found"
            said = Receipt(
                erasure_id=order.erasure_id, holder=self._name, status=status, count=count, at=_now()
            )
        key = said.key
        head = cloudevents.headers(
            event_id=key.decode(), kind="erasure.receipt", account_id=None, time=said.at
        )
        return Outgoing(topics.RECEIPTS, key, encode(said), head)


def _order(record: Record) -> Erasure | None:
    """An open order; a closed one, a tombstone and a heartbeat ask for nothing."""
    if not record.value:
        return None
    try:
        order = decode_erasure(record.value)
    except UNREADABLE as error:
        _log.error("erasure_unreadable", offset=record.offset, exc_info=error)
        return None
    return order if order.state == "open" else None


def _now() -> str:
    return rfc3339(utc_now())
