"""Dispatchers that take requests in, and whose events stay where they are: unread in Kafka, or in a transaction that waits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asking import WITHIN
from dispatcher_rig import DispatcherRig
from happenings import message

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.events import encode

_ACCOUNT = "0"
"""Of no account there is, and before all others in the order in which conversations are locked."""

_LOCK = "select from dispatcher.conversations where account_id = $1 for update"


@asynccontextmanager
async def events_held(rig: DispatcherRig) -> AsyncIterator[None]:
    """Every batch of events waits, in each process, for a conversation that the test has locked."""
    partitions = await rig.producer.partitions(topics.EVENTS, within=WITHIN)
    await _say(rig, "first", partitions)
    await rig.known()
    async with rig.db.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK, _ACCOUNT)
        await _say(rig, "second", partitions)
        yield


async def _say(rig: DispatcherRig, text: str, partitions: int) -> None:
    """A message of one customer in each partition."""
    said = [(message(f"{text} {n}", text, customer=f"c{n}", account=_ACCOUNT), n) for n in range(partitions)]
    records = [Outgoing(topics.EVENTS, event.id.encode(), encode(event), partition=n) for event, n in said]
    await rig.producer.publish(records, within=WITHIN)
