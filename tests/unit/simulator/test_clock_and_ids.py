"""The clock that can be moved, ids that look real, and waiting for a condition."""

import asyncio

import pytest

from kaiwa.simulator.clock import Clock
from kaiwa.simulator.ids import Ids
from kaiwa.simulator.progress import Progress


def test_clock_moves_forward_and_runs_faster() -> None:
    wall = iter([100.0, 101.0, 103.0])
    clock = Clock(scale=10.0, wall=lambda: next(wall))
    assert clock.now() == 110.0
    clock.advance(1000.0)
    assert clock.now() == 1130.0


def test_clock_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Clock(scale=0.0)
    with pytest.raises(ValueError, match="forward only"):
        Clock().advance(-1.0)


def test_ids_look_real_and_repeat_from_the_seed() -> None:
    ids = Ids(1)
    account, customer, mid = ids.account(), ids.customer(), ids.mid()
    assert account.isdigit()
    assert account.startswith("17841400")
    assert customer.isdigit()
    assert len(customer) in {16, 17}
    assert len(mid) > 100
    again = Ids(1)
    assert (again.account(), again.customer(), again.mid()) == (account, customer, mid)
    assert len({ids.mid() for _ in range(1000)}) == 1000


async def test_progress_wakes_on_the_condition_and_gives_up_in_time() -> None:
    progress, seen, loop = Progress(), list[int](), asyncio.get_running_loop()

    def happen() -> None:
        seen.append(len(seen))
        progress.tick()
        if len(seen) < 3:
            loop.call_soon(happen)

    loop.call_soon(happen)
    assert await progress.until(lambda: len(seen) > 1, 5.0)
    assert not await progress.until(lambda: False, 0.0)
