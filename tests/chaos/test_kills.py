"""SIGKILL, at any moment, to any service, while the demo's story is played: nothing is lost, nothing is sent twice.

Two dispatchers work all the time. The demo's own checks judge: they read Kafka from its beginning, every table, the
broker's files, and the simulator's books. A few kills in CI; `make chaos` sets KAIWA_CHAOS=long for 60.
"""

import asyncio
import os
import random
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from kaiwa.devstack.demo.checks import judge
from kaiwa.devstack.demo.run import play
from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.demo.story import ACTS, DELIVERY, SETTINGS, SHOPS, everybody_writes
from kaiwa.devstack.demo.table import Show
from kaiwa.devstack.installation import Installation
from kaiwa.devstack.processes import last_line
from kaiwa.devstack.stack import running

LONG = os.environ.get("KAIWA_CHAOS") == "long"
KILLS = 60 if LONG else 8
PATIENCE = 120.0  # seconds; an act may meet several kills
SEEDS = [int(seed) for seed in os.environ.get("KAIWA_CHAOS_SEEDS", "20261122").split(",")]
HOLD = {"KAIWA_DISPATCHER__HUMAN_HOLD": "45"}  # seconds; a bot must still ask within them, whoever is killed
ENDS = ("sent", "failed")
"""Who is killed between its commitment and its call leaves what was never sent: the story goes on without that message."""


@pytest.mark.timeout(900 if LONG else 400)
@pytest.mark.parametrize("seed", SEEDS)
async def test_kills_lose_nothing_and_send_nothing_twice(seed: int) -> None:
    """Promises 1, 2, 3, 5, 6 and 7 under crashes.

    Breaks when `sending` is committed after the call, a lease is given back although its call had begun, offsets are
    committed before the transaction, or what compliance owes is kept in memory alone.
    """
    killed: Counter[str] = Counter()
    chance = random.Random(seed)

    async def services_are_killed(stage: Stage) -> None:
        """Services are killed, one after the other, each while customers write"""
        names = [*kaiwa.services, *chance.choices(kaiwa.services, k=KILLS - len(kaiwa.services))]
        chance.shuffle(names)
        for name in names:
            load = asyncio.create_task(everybody_writes(stage))
            await asyncio.sleep(chance.uniform(0.0, 0.5))  # any moment of the load, not a wait for something
            assert kaiwa.processes[name].alive, (
                f"{name} ended by itself: {last_line(kaiwa.processes[name].log)}"
            )
            await kaiwa.restart(name)
            killed[name] += 1
            await load

    async with AsyncExitStack() as exits:
        stack = exits.enter_context(running())
        folder = stack.keeper.directory / "kaiwa"
        kaiwa = await exits.enter_async_context(
            Installation(
                stack,
                folder,
                shops=SHOPS,
                dispatchers=2,
                seed=seed,
                delivery=DELIVERY,
                settings={**SETTINGS, **HOLD},
            )
        )
        stage = await exits.enter_async_context(opened(kaiwa, seed=seed, patience=PATIENCE, ends=ENDS))
        with Show(quiet=True) as show:
            evidence = await play(stage, show, (*ACTS, services_are_killed))

    assert killed.total() == KILLS
    assert set(killed) == set(kaiwa.services), "every service was killed at least once"
    faults = {check.promise: check.faults for check in judge(evidence) if not check.ok}
    assert faults == {}, faults
    assert evidence.exits.keys() == set(kaiwa.services), "none ended by itself"
