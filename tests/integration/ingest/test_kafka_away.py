"""Kafka away, at boot or later: the door stays open, nothing is acknowledged, and it recovers alone."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path

from deliveries import body, entry, text
from doors import Door
from pressure import mids, spoken

from kaiwa.bus.cluster import cluster
from kaiwa.bus.topics import Alter
from kaiwa.contracts import topics
from kaiwa.contracts.partition import of_conversation
from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.settings import Kafka


async def refused_in_time(door: Door, delivery: bytes) -> None:
    async with asyncio.timeout(5):
        answer = await door.post(delivery)
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (503, "5", b"")
    assert (await door.challenge()).status_code == 200
    assert (await door.http.get("/readyz")).status_code == 200


async def test_away_at_boot(stack: Stack, broker: Broker, tmp_path: Path, account: str) -> None:
    delivery = body(entry(text("m1"), account=account))
    await asyncio.to_thread(broker.stop)
    try:
        async with Door.opened(stack.keeper, broker.bootstrap_servers, tmp_path) as door:
            await refused_in_time(door, delivery)
            await asyncio.to_thread(broker.start)
            await door.until_accepted(delivery)
    finally:
        await asyncio.to_thread(broker.start)


async def test_away_while_running(door: Door, broker: Broker, account: str) -> None:
    delivery = body(entry(text("m1"), account=account))
    await door.until_accepted(delivery)
    await asyncio.to_thread(broker.stop)
    try:
        await refused_in_time(door, delivery)
    finally:
        await asyncio.to_thread(broker.start)
    await door.until_accepted(delivery)


async def test_frozen(door: Door, broker: Broker, account: str) -> None:
    delivery = body(entry(text("m1"), account=account))
    await door.until_accepted(delivery)
    await asyncio.to_thread(broker.pause)
    try:
        await refused_in_time(door, delivery)
    finally:
        await asyncio.to_thread(broker.resume)
    await door.until_accepted(delivery)


async def test_a_delivery_of_which_a_part_is_refused_is_put_off_whole_and_repeats_its_ids(
    door: Door, bootstrap_servers: str, account: str
) -> None:
    """Broken by an answer that waits for the first acknowledgement only, or by ids that know of the attempt."""
    noise = "".join(
        chr(random.randrange(0x4E00, 0x9FFF)) for _ in range(20_000)
    )  # so that no codec makes it small
    small, *others = (f"55{n}" for n in range(9))
    # Not in one partition: what is refused there is the batch of both.
    apart = next(n for n in others if of_conversation(account, n, 12) != of_conversation(account, small, 12))
    delivery = body(
        entry(text("small", customer=small), text("large", noise, customer=apart), account=account)
    )
    usual = await with_largest(bootstrap_servers, "8192")
    try:
        assert (await door.post(delivery)).status_code == 503
        assert await mids(bootstrap_servers, account) == {"small"}
    finally:
        await with_largest(bootstrap_servers, usual)
    await door.until_accepted(delivery)
    ids = defaultdict(set)
    for record, mid in await spoken(bootstrap_servers, account):
        ids[mid].add(record.key)
    assert {mid: len(keys) for mid, keys in ids.items()} == {"small": 1, "large": 1}


async def with_largest(bootstrap_servers: str, most: str) -> str:
    """Let the events topic take batches of ``most`` bytes; what it took before."""
    async with cluster(Kafka(bootstrap_servers=bootstrap_servers)) as found:
        overrides = (await found.existing([topics.EVENTS]))[topics.EVENTS].overrides
        wanted = {**overrides, "max.message.bytes": most}
        await found.apply([Alter(topics.EVENTS, {}, wanted)])
        await found.ready({topics.EVENTS: wanted})
        return overrides["max.message.bytes"]
