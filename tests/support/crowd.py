"""Customers who keep writing while something happens to the services, and what must be true of it afterwards."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kaiwa.contracts.outcomes import FINAL
from kaiwa.devstack.demo.stage import Stage
from kaiwa.simulator.model import Customer

CUSTOMERS = 8
PAUSE = 0.15
"""Seconds between two messages: about as many as one shop gets on a busy evening, in all of a test's minutes."""

_NUMBER = re.compile(r"#\d+")


@dataclass
class Crowd:
    """What was written: a number for each message, and its mid."""

    mids: dict[str, str] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)


@asynccontextmanager
async def writing(stage: Stage, shop: str) -> AsyncIterator[Crowd]:
    """Customers write for as long as the context lasts; then everything is answered, and judged by Meta's books."""
    crowd = Crowd()
    customers = [await stage.customer(shop) for _ in range(CUSTOMERS)]
    task = asyncio.create_task(_write(stage, customers, crowd))
    try:
        yield crowd
    finally:
        task.cancel()
        await asyncio.wait([task])
    await _judge(stage, crowd)


async def _write(stage: Stage, customers: list[Customer], crowd: Crowd) -> None:
    while True:
        for customer in customers:
            number = stage.number()
            crowd.mids[number] = await stage.write(customer, f"{number} Do you have it in blue?")
            await asyncio.sleep(PAUSE)  # the pace of the load, not a wait for something


async def _judge(stage: Stage, crowd: Crowd) -> None:
    """Nothing lost: every message became an event, every request has an end. Nothing doubled: one call at most."""
    requests = {number: await stage.answered(mid) for number, mid in crowd.mids.items()}
    await stage.watch.until(
        lambda: all(stage.watch.state(request) in FINAL for request in requests.values()),
        "every request has an end",
    )
    assert await stage.remote.settled(60), "every delivery was acknowledged in the end"
    books = await stage.remote.books()
    calls = Counter(found.group() for call in books.accepted() if (found := _NUMBER.search(call.text or "")))
    for number, request in requests.items():
        state = stage.watch.state(request)
        crowd.states[str(state)] += 1
        assert calls[number] == (1 if state == "sent" else 0), f"{number} is {state}, {calls[number]} calls"
    assert not books.duplicates()
    assert not books.reposts()
    assert not books.violations()
