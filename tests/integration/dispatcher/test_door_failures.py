"""The door when something is away, or dies: whoever asks again with the same id gets one send and the truth."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from asking import WITHIN
from conditions import eventually_true
from dispatcher_rig import DispatcherRig
from door import DoorCaller

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.erasures import Erasure, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.clock import utc_now
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    """Without a dispatcher: the only one is the door's."""
    name = f"door_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("door")
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        yield made
    stack.drop_database(name)


def body(to: Person, text: str) -> dict[str, Any]:
    return {
        "request_id": ids.random(),
        "account_id": to.account_id,
        "recipient": {"customer_id": to.customer_id},
        "author": {"kind": "human", "id": "agent-7"},
        "message": {"text": text},
    }


@pytest.mark.parametrize("point", ["dispatcher.door_remembered", "dispatcher.door_published"])
async def test_a_crash_neither_loses_nor_repeats(rig: DispatcherRig, door: DoorCaller, point: str) -> None:
    """Promise 3 for whoever asks again. Broken by: remembering the id as done before Kafka has the request."""
    person = await rig.customer()
    given = body(person, f"asked again after {point}")
    await rig.services["door"].terminate()
    await door.reopen(KAIWA_CRASH_AT=point)
    with pytest.raises(httpx.TransportError):
        await door.ask("POST", "/v1/sends", json=given)
    assert await rig.services["door"].wait(WITHIN) == -9
    await door.reopen()
    again = await door.ask("POST", "/v1/sends", json=given)
    assert again.status_code == 202
    assert (await rig.final(given["request_id"])).state == "sent"
    assert len(rig.sim.books.posts(f"asked again after {point}")) == 1


async def test_kafka_away(rig: DispatcherRig, door: DoorCaller, stack: Stack) -> None:
    """503 means "perhaps": the same id again is the same send. Questions are answered all the same.

    Broken by: 202 before Kafka has it, or an id that is taken by a request that never got anywhere.
    """
    if stack.kafka is None:
        pytest.skip("KAIWA_KAFKA__BOOTSTRAP_SERVERS names a Kafka that is not ours to stop")
    person = await rig.customer()
    given = body(person, "while Kafka was away")
    await asyncio.to_thread(stack.kafka.stop)
    try:
        refused = await door.ask("POST", "/v1/sends", json=given)
        path = f"/v1/accounts/{person.account_id}/conversations/{person.customer_id}"
        looked = await door.ask("GET", path)
        pending = await door.ask("GET", f"/v1/sends/{given['request_id']}")
    finally:
        await asyncio.to_thread(stack.kafka.start)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:kaiwa:problem:away")
    assert refused.headers["retry-after"]
    assert looked.status_code == 200
    assert pending.json()["state"] == "pending"

    async def taken() -> bool:
        return (await door.ask("POST", "/v1/sends", json=given)).status_code == 202

    await eventually_true(taken, within=60)
    assert (await rig.final(given["request_id"])).state == "sent"
    assert len(rig.sim.books.posts("while Kafka was away")) == 1


async def test_an_erasure_takes_the_fingerprint(rig: DispatcherRig, door: DoorCaller) -> None:
    """Promise 6: a keyed hash of what was written is a trace of it. Broken by: a table that erasures do not know."""
    person = await rig.customer()
    given = body(person, "to be forgotten")
    await door.ask("POST", "/v1/sends", json=given)
    await rig.final(given["request_id"])
    query = "select count(fingerprint) from dispatcher.door_requests where request_id = $1"
    assert await rig.db.fetchval(query, given["request_id"]) == 1
    order = Erasure(
        erasure_id=ids.random(),
        scope="customer",
        account_id=person.account_id,
        customer_id=person.customer_id,
        cutoff=rfc3339(utc_now()),
        reason="test",
        due_at=rfc3339(utc_now()),
        state="open",
    )
    await rig.producer.publish(
        [Outgoing(topics.ERASURES, order.erasure_id.encode(), encode(order))], within=WITHIN
    )
    await rig.until_stored(query, given["request_id"], 0)
    again = await door.ask("POST", "/v1/sends", json=given)
    assert again.status_code == 409
