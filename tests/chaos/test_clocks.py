"""Two dispatchers whose moments are not what they believe: loops that stall, clocks that differ."""

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dispatcher_rig import DispatcherRig
from storm import DAY, DELIVERY, Storm
from storm_verdict import judge
from wrong_moments import stalled, wrong_clock

from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.times import parse
from kaiwa.devstack.stack import Stack, running

SEED = 20261126
CALM = 100.0  # seconds; an account that was throttled rests for one minute
SKEW = 2.5  # seconds ahead and behind: the two differ by five
MARGIN = 1.0  # seconds before a window's end in which automation is silent; fewer than a clock is wrong by
FIRST, APART = 8.0, 0.5  # seconds until the first window closes, and between two


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One of its own: others want topics with fewer partitions."""
    with running() as started:
        yield started


@pytest.fixture
async def storm(
    request: pytest.FixtureRequest, stack: Stack, database: str, tmp_path: Path
) -> AsyncIterator[Storm]:
    # Accounts of its own: with those of the test before, this database would be behind what Kafka says of them.
    seed = SEED + zlib.crc32(request.node.name.encode())
    async with DispatcherRig(stack, database, tmp_path, seed=seed, delivery=DELIVERY) as rig:
        await rig.ingest()
        yield Storm(rig, stack, seed)


@pytest.mark.timeout(180)
async def test_loops_that_stall_keep_every_limit(storm: Storm) -> None:
    """80 ms in every 480, while more waits than the limit lets out.

    Breaks when a late call keeps its slot; on a machine so busy that slots stay empty the room for late calls hides that.
    """
    limit = 90  # a small one's room takes 80 ms in
    shop = await storm.open(limit=limit, customers=80)
    assert await storm.rig.sim.settled(30)
    # Without echoes the machine comes nearer to the limit.
    storm.rig.sim.fault("lose", kind="echo", times=None)
    await asyncio.gather(*(storm.say(person, automated=False) for person in storm.people * 8))
    stalls = asyncio.create_task(stalled(await storm.rig.dispatcher(), times=1000, apart=0.4))
    await storm.calm(within=CALM)
    stalls.cancel()
    await asyncio.wait([stalls])

    print({"peak": storm.rig.sim.books.peak(shop.account_id), "limit": limit})  # noqa: T201 - how near it came
    assert judge(storm.evidence()) == []
    assert {storm.outcome(item).state for item in storm.asked} == {"sent"}


@pytest.mark.timeout(180)
async def test_clocks_that_differ_by_five_seconds_decide_nothing(storm: Storm) -> None:
    """Windows close all the time, and more waits than the limit lets out. Breaks when a window or a slot is
    judged by a process's own clock: that one's calls come too late, too early, or not at all.
    """
    sim = storm.rig.sim
    for name, seconds in (("one", -SKEW), ("two", SKEW)):
        await storm.rig.dispatcher(name, **wrong_clock(seconds), KAIWA_DISPATCHER__WINDOW_MARGIN=str(MARGIN))
    shop = await storm.open(limit=5, customers=8)
    first = sim.clock.now() + FIRST
    closes: dict[str, float] = {}

    async def meet(n: int) -> None:
        """Ask somebody a moment before automation has to be silent, or after all is over, in turn."""
        closed = first + n * APART
        person = sim.customer(shop)
        person.write("Still there?", at=closed - DAY)
        moment = closed + 0.3 if n % 2 else closed - MARGIN - 1.5
        await asyncio.sleep(moment - sim.clock.now())
        item = await storm.say(person, automated=True)
        closes[item.request_id] = closed

    async with asyncio.TaskGroup() as all_at_once:
        for n in range(24):
            all_at_once.create_task(meet(n))
        for person in storm.people * 8:
            all_at_once.create_task(storm.say(person, automated=False))
    await storm.calm(within=CALM)

    assert judge(storm.evidence()) == []
    met = [storm.outcome(item) for item in storm.asked if item.request_id in closes]
    early = [
        f"refused {closes[outcome.request_id] - parse(outcome.decided_at).timestamp():.2f} s before the end"
        for outcome in met
        if outcome.state == "refused"
        and parse(outcome.decided_at).timestamp() < closes[outcome.request_id] - MARGIN
        and not _said_early(outcome)
    ]
    assert early == []
    assert Counter(outcome.state for outcome in met).keys() == {"sent", "refused"}, (
        "both sides of windows were met"
    )


def _said_early(outcome: Outcome) -> bool:
    """Its turn would have come too late, with so many before it at so small a limit."""
    return outcome.error is not None and "its turn would have come in" in outcome.error.explanation
