"""Kafka away, at boot or later: the door stays open, nothing is acknowledged, and it recovers alone."""

import asyncio
from pathlib import Path

from deliveries import body, entry, text
from doors import Door

from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack


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
