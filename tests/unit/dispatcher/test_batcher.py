"""Many callers, one transaction."""

import asyncio
import time

import pytest

from kaiwa.dispatcher.batcher import Batcher

APART = 0.05


class Work:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began: list[float] = []

    async def __call__(self, items: list[int]) -> list[int]:
        self.began.append(time.monotonic())
        self.batches.append(items)
        if 99 in items:
            raise ValueError(99)
        await asyncio.sleep(0.002)
        return [10 * item for item in items]


async def test_each_has_its_own_result() -> None:
    work = Work()
    batcher = Batcher(work, most=2)
    assert await asyncio.gather(*(batcher.submit(n) for n in range(5))) == [0, 10, 20, 30, 40]
    assert [len(batch) for batch in work.batches] == [2, 2, 1]


async def test_a_failure_is_everybodys_of_its_batch_and_nobody_elses() -> None:
    batcher = Batcher(Work(), most=2)
    said = await asyncio.gather(*(batcher.submit(n) for n in (1, 99, 3)), return_exceptions=True)
    assert [type(one) for one in said] == [ValueError, ValueError, int]


@pytest.mark.parametrize("at_once", [1, 2])
async def test_a_steady_stream_shares_transactions_that_are_apart(at_once: int) -> None:
    """Breaks when each of many that come one by one has a transaction of its own, or when the first of them waits."""
    work = Work()
    batcher = Batcher(work, at_once=at_once, apart=APART)
    started = time.monotonic()
    waiting = []
    for n in range(40):
        waiting.append(batcher.submit(n))
        await asyncio.sleep(0.004)
    assert await asyncio.gather(*waiting) == [10 * n for n in range(40)]
    assert work.batches[0] == [0]
    assert all(later - sooner >= APART / 2 for sooner, later in zip(work.began, work.began[1:], strict=False))
    assert sorted(n for batch in work.batches for n in batch) == list(range(40))
    assert len(work.batches) <= 2 + (time.monotonic() - started) / APART
