"""What ingest promises, on a real Kafka."""

import asyncio
from collections import defaultdict
from pathlib import Path

from deliveries import body, entry, outgoing, text
from doors import Door
from pressure import Load, mids, spoken, under_load

from kaiwa.contracts.partition import of_conversation
from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack


async def test_acknowledged_is_in_kafka_though_the_broker_is_killed_under_load(
    door: Door, broker: Broker, account: str
) -> None:
    """Promise 1. Broken by publishing in a task of its own and answering before it is done
    (``Publisher.publish``), or by not awaiting the acknowledgements (``Producer.publish``).
    """
    load = Load(door, account)

    async def scenario() -> None:
        await load.more(20, 200)
        await asyncio.to_thread(broker.stop, kill=True)
        try:
            await load.more(8, 503)
        finally:
            await asyncio.to_thread(broker.start)
        await load.more(40, 200)

    await under_load(load, scenario())
    assert load.answers.keys() <= {200, 503}
    assert load.acknowledged - await mids(broker.bootstrap_servers, account) == set()


async def test_acknowledged_is_in_kafka_though_ingest_is_killed(
    door: Door, broker: Broker, account: str
) -> None:
    """Promise 1, with the records still inside ingest: the broker is frozen, so nothing may be acknowledged,
    and what ingest holds dies with it. Broken by the same mutations.
    """
    load = Load(door, account)

    async def scenario() -> None:
        await load.more(20, 200)
        await asyncio.to_thread(broker.pause)
        try:
            await load.more(8, 503)
            await door.process.kill()
        finally:
            await asyncio.to_thread(broker.resume)

    await under_load(load, scenario())
    assert load.acknowledged - await mids(broker.bootstrap_servers, account) == set()


async def test_one_conversation_is_one_partition_in_the_order_of_its_deliveries(
    door: Door, bootstrap_servers: str, account: str
) -> None:
    """Promise 2. Broken by leaving the partition to the record's key (``partition=None`` in ``publish._record``)."""
    customers = [f"55{n}" for n in range(40)]

    async def converse(customer: str) -> None:
        for turn in range(5):
            said, answered, more = (f"{customer}-{turn}-{part}" for part in "abc")
            items = (
                text(said, customer=customer),
                outgoing(customer=customer, message={"mid": answered, "text": "Yes", "is_echo": True}),
                text(more, customer=customer),
            )
            answer = await door.post(body(entry(*items, account=account)))
            assert answer.status_code == 200

    await asyncio.gather(*map(converse, customers))
    partitions: defaultdict[str, set[int]] = defaultdict(set)
    order: defaultdict[str, list[str]] = defaultdict(list)
    for record, mid in await spoken(bootstrap_servers, account):
        customer = mid.partition("-")[0]
        partitions[customer].add(record.partition)
        order[customer].append(mid)
    count = len({p for found in partitions.values() for p in found})
    assert count > 1
    for customer in customers:
        assert partitions[customer] == {of_conversation(account, customer, 12)}
        assert order[customer] == [f"{customer}-{turn}-{part}" for turn in range(5) for part in "abc"]


async def test_what_arrives_is_in_no_log_and_no_metric(door: Door, account: str) -> None:
    """Promise 8. Broken by a line of the log that is a body (as a field it would be dropped), or a metric labelled by who wrote."""
    mid, words, customer = "m_canary", "canary of the morning", "5500112233"
    assert (
        await door.post(body(entry(text(mid, words, customer=customer), account=account)))
    ).status_code == 200
    told = door.process.log.read_text() + (await door.http.get("/metrics")).text
    assert [found for found in (mid, words, customer, account) if found in told] == []


async def test_a_redelivery_has_the_same_ids_also_after_a_restart(
    stack: Stack, door: Door, bootstrap_servers: str, account: str, tmp_path: Path
) -> None:
    """Broken by ids that are random, or that depend on ``entry.time`` or on the batch."""
    both = [text("m1"), text("m2")]
    assert (await door.post(body(entry(*both, account=account)))).status_code == 200
    assert await door.process.terminate() == 0
    async with Door.opened(stack.keeper, bootstrap_servers, tmp_path) as reopened:
        again = body(entry(both[1], account=account, time=1), entry(both[0], account=account, time=2))
        await reopened.until_accepted(again)
    ids = defaultdict(set)
    for record, mid in await spoken(bootstrap_servers, account):
        ids[mid].add(record.key)
    assert {mid: len(keys) for mid, keys in ids.items()} == {"m1": 1, "m2": 1}
