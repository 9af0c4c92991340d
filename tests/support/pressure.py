"""Deliveries without pause while something happens to Kafka or to ingest, and what is in the topic afterwards."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable

import httpx
from deliveries import body, entry, text
from doors import Door, written

from kaiwa.bus.records import Record
from kaiwa.contracts import events, topics

DEADLINE = 60.0


async def mids(bootstrap_servers: str, account: str) -> set[str]:
    return {mid for _, mid in await spoken(bootstrap_servers, account)}


async def spoken(bootstrap_servers: str, account: str) -> list[tuple[Record, str]]:
    """The messages of this account in the events topic, with their mids."""
    found = []
    for record in await written(bootstrap_servers, topics.EVENTS):
        event = events.decode(record.value or b"")
        if event.account_id == account:
            found.append((record, events.data_of(event).mid))
    return found


class Load:
    """Deliveries without pause, and what became of them."""

    def __init__(self, door: Door, account: str) -> None:
        self._door = door
        self._account = account
        self._numbers = itertools.count()
        self.acknowledged: set[str] = set()
        self.answers: defaultdict[int, int] = defaultdict(int)
        self._changed = asyncio.Condition()
        self.over = False

    async def run(self) -> None:
        while not self.over:
            batch = [f"m{next(self._numbers)}" for _ in range(20)]
            delivery = body(entry(*(text(mid) for mid in batch), account=self._account))
            try:
                status = (await self._door.post(delivery)).status_code
            except httpx.TransportError:
                status = 0  # ingest itself is away
            async with self._changed:
                self.answers[status] += 1
                if status == 200:
                    self.acknowledged.update(batch)
                self._changed.notify_all()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(reached)

    async def more(self, answers: int, status: int) -> None:
        goal = self.answers[status] + answers
        await self.until(lambda: self.answers[status] >= goal)


async def under_load(load: Load, scenario: Awaitable[None]) -> None:
    senders = [asyncio.create_task(load.run()) for _ in range(8)]
    try:
        await scenario
    finally:
        load.over = (
            True  # not cancelled: a connection that is just being opened would leave its socket behind
        )
        await asyncio.gather(*senders)
