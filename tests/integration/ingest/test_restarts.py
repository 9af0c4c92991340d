"""SIGTERM and rolling restarts: what was accepted is finished, and nobody sees more than a 503."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from deliveries import body, entry, text
from doors import Door, written
from slow import SlowSender

from kaiwa.contracts import events, topics
from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack


async def test_a_body_on_its_way_in_is_finished(door: Door, bootstrap_servers: str, account: str) -> None:
    """Broken by a server that drops its connections at SIGTERM."""
    delivery = body(entry(text("m1"), account=account))
    sender = await SlowSender.opened(door.url, delivery)
    await sender.send(len(delivery) // 2)
    while not await door.metric("kaiwa_ingest_requests_open"):  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.01)
    ended = asyncio.create_task(door.process.terminate())
    await until_draining(door)
    await sender.send(len(delivery))
    assert await sender.status() == 200
    await sender.close()
    assert await ended == 0
    assert await mids(bootstrap_servers, account) == {"m1"}


async def test_a_publish_on_its_way_out_is_finished(door: Door, broker: Broker, account: str) -> None:
    """Broken by stopping the producer before the requests are done."""
    delivery = body(entry(text("m1"), account=account))
    await door.until_accepted(body(entry(text("m0"), account=account)))
    await asyncio.to_thread(broker.pause)
    try:
        answer = asyncio.create_task(door.post(delivery))
        while not await door.metric("kaiwa_ingest_requests_open"):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)
        ended = asyncio.create_task(door.process.terminate())
        await until_draining(door)
    finally:
        await asyncio.to_thread(broker.resume)
    assert (await answer).status_code == 200
    assert await ended == 0
    assert "m1" in await mids(broker.bootstrap_servers, account)


async def until_draining(door: Door) -> None:
    """The signal has arrived: the port is closed to newcomers."""
    host, port = door.url.removeprefix("http://").split(":")
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionError:
                return
            writer.close()
            await asyncio.sleep(0.01)  # newcomers must not keep it from ending


@pytest.fixture
async def pair(stack: Stack, bootstrap_servers: str, tmp_path: Path) -> AsyncIterator[list[Door]]:
    async with AsyncExitStack() as opened:
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        doors = [
            await opened.enter_async_context(Door.opened(stack.keeper, bootstrap_servers, folder))
            for folder in folders
        ]
        for door in doors:
            await door.until_connected()
        yield doors


class Switch:
    """What stands in front of two processes: it sends to those in rotation, and lets one out before it ends."""

    def __init__(self, doors: list[Door]) -> None:
        self.rotation = list(doors)
        self._under_way: Counter[str] = Counter()
        self._turn = 0
        self._done = asyncio.Condition()

    async def post(self, delivery: bytes) -> int:
        self._turn += 1
        door = self.rotation[self._turn % len(self.rotation)]
        self._under_way[door.url] += 1
        try:
            return (await door.post(delivery)).status_code
        finally:
            async with self._done:
                self._under_way[door.url] -= 1
                self._done.notify_all()

    async def let_out(self, door: Door) -> None:
        """As an endpoint is removed before a pod gets its signal (the chart's preStop)."""
        self.rotation.remove(door)
        async with self._done:
            await self._done.wait_for(lambda: not self._under_way[door.url])


async def test_a_rolling_restart_under_load_shows_nothing_but_503(
    pair: list[Door], bootstrap_servers: str, account: str
) -> None:
    """Every delivery is answered 200 or 503, and each 200 is in Kafka."""
    switch, answers, acknowledged = Switch(pair), Counter[int](), set[str]()
    over = (
        asyncio.Event()
    )  # not cancelled: a connection that is just being opened would leave its socket behind

    async def send(sender: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            mid = f"m{sender}-{number}"
            status = await switch.post(body(entry(text(mid), account=account)))
            answers[status] += 1
            if status == 200:
                acknowledged.add(mid)

    senders = [asyncio.create_task(send(sender)) for sender in range(8)]
    for door in pair:
        await switch.let_out(door)
        assert await door.process.terminate() == 0
        door.process.start()
        await door.process.wait_ready(door.url)
        switch.rotation.append(door)
        goal = answers[200] + 100
        while answers[200] < goal:
            await asyncio.sleep(0.01)
            assert not any(sender.done() for sender in senders)
    over.set()
    await asyncio.gather(*senders)
    assert answers.keys() <= {200, 503}
    assert acknowledged - await mids(bootstrap_servers, account) == set()


async def mids(bootstrap_servers: str, account: str) -> set[str]:
    found = [events.decode(record.value or b"") for record in await written(bootstrap_servers, topics.EVENTS)]
    return {events.data_of(event).mid for event in found if event.account_id == account}
