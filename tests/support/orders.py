"""Orders to erase, as compliance writes them, and what the dispatcher answers."""

import asyncio
from datetime import timedelta
from typing import Any

from asking import ENDED, WITHIN
from dispatcher_rig import DispatcherRig

from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.erasures import Erasure, Receipt, decode_receipt, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.clock import utc_now
from kaiwa.simulator.simulator import Person


async def order(rig: DispatcherRig, person: Person, scope: str, **fields: Any) -> str:
    """An order as compliance writes it; its id."""
    wanted: dict[str, Any] = {
        "erasure_id": ids.random(),
        "scope": scope,
        "account_id": person.account_id,
        "cutoff": rfc3339(utc_now()),
        "reason": "operator",
        "due_at": rfc3339(utc_now() + timedelta(hours=1)),
    }
    erasure = Erasure(**(wanted | fields))
    record = Outgoing(topics.ERASURES, erasure.erasure_id.encode(), encode(erasure))
    await rig.producer.publish([record], within=WITHIN)
    return erasure.erasure_id


async def receipt(rig: DispatcherRig, erasure_id: str) -> Receipt:
    key = f"{erasure_id}:dispatcher".encode()
    async with asyncio.timeout(ENDED):
        while True:
            records = read(rig.kafka, [topics.RECEIPTS], client_id="test")
            found = [decode_receipt(r.value) async for r in records if r.key == key and r.value]
            if found:
                return found[-1]


async def sealed(rig: DispatcherRig, *requests: str) -> list[bytes]:
    """The ciphertext of requests, as it lies in the heap."""
    query = "select sealed from dispatcher.contents join dispatcher.intents using (intent_id) where request_id = any($1)"
    return [row["sealed"] for row in await rig.db.fetch(query, list(requests))]


def later(**delta: float) -> str:
    return rfc3339(utc_now() + timedelta(**delta))
