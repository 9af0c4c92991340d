"""Everything that can go wrong with a send, at once: three dispatchers under faults, crashes, freezes and restarts.

A lean storm in CI; `make chaos` sets KAIWA_CHAOS=long for 2,000 sends and 50 kills.
"""

import json
import os
import uuid
from pathlib import Path

import pytest
from dispatcher_rig import DispatcherRig
from storm import DELIVERY, POINTS, Storm
from storm_evidence import account_of
from storm_faults import ANSWERS_LOST
from storm_verdict import judge

from kaiwa.devstack.stack import running

LONG = os.environ.get("KAIWA_CHAOS") == "long"
SENDS = 2_000 if LONG else 200
SHOPS, CUSTOMERS = (8, 30) if LONG else (4, 8)
TROUBLES = [
    *(f"crash {point}" for point in POINTS * (4 if LONG else 1)),
    *["kill"] * (35 if LONG else 3),
    *["freeze"] * (5 if LONG else 1),
    *["stall"] * (10 if LONG else 2),
    *["postgres", "postgres crash"] * (3 if LONG else 1),
    *["kafka"] * (3 if LONG else 1),
]
CALM = 600.0 if LONG else 240.0  # seconds; a throttled account rests for one minute
SEEDS = [int(seed) for seed in os.environ.get("KAIWA_CHAOS_SEEDS", "20261125").split(",")]


@pytest.mark.timeout(3_600 if LONG else 600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_storm_breaks_no_promise(seed: int, tmp_path: Path) -> None:
    """Promises 3, 4, 5 and 7. Breaks when `sending` is committed after the call, when a lost answer is tried again,
    when a lease that is over gives its call back, when nothing is looked for in the thread, when a late slot is kept.
    """
    with running() as stack:
        dsn = stack.create_database(f"storm_{uuid.uuid4().hex}")
        async with DispatcherRig(stack, dsn, tmp_path, seed=seed, delivery=DELIVERY) as rig:
            storm = Storm(rig, stack, seed)
            await rig.ingest()
            await storm.start()
            await storm.gather(shops=SHOPS, customers=CUSTOMERS)
            throttled = storm.people[-1].account_id
            rig.sim.fault("error", account_id=throttled, when="before", code=613, subcode=2534040, times=1)
            troubles = list(TROUBLES)
            storm.chance.shuffle(troubles)
            for trouble in troubles:
                await storm.ask(SENDS // len(troubles))
                await storm.happen(trouble)
            await storm.ask(max(0, SENDS - len(storm.asked)))
            await storm.calm(within=CALM)

            print(json.dumps(account_of(storm.evidence(), storm.done)))  # noqa: T201 - what the run was worth
            lost = sum(call.fault in ANSWERS_LOST for call in rig.sim.books.accepted())
            assert lost >= SENDS // 4, "it was no storm"
            faults = judge(storm.evidence())
            assert faults == [], "\n".join(faults)
