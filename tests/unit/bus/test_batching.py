"""Acknowledgements are waited for together: all of them, the first that fails, or as long as one may wait."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka.errors import KafkaError

from kaiwa.bus.batching import Ack, acknowledged

Step = Callable[[list[Ack]], object]


def some() -> list[Ack]:
    loop = asyncio.get_running_loop()
    return [loop.create_future() for _ in range(3)]


def written(*which: int) -> Step:
    def step(acks: list[Ack]) -> None:
        for n in which:
            acks[n].set_result(None)

    return step


def refused(which: int) -> Step:
    return lambda acks: acks[which].set_exception(KafkaError("no"))


async def waiting(acks: list[Ack], *steps: Step) -> asyncio.Task[None]:
    """While it waits, one step after the other happens."""
    task = asyncio.create_task(acknowledged(set(acks), within=5))
    for step in steps:
        await asyncio.sleep(0)
        step(acks)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("steps", [[written(0, 1, 2)], [written(0), written(2), written(1)]])
async def test_all_of_them(steps: list[Step]) -> None:
    """Broken by: returning at the first."""
    acks = some()
    task = await waiting(acks, *steps[:-1])
    assert not task.done()
    steps[-1](acks)
    await task


async def test_what_was_there_before() -> None:
    """Broken by: waiting for what has happened, or for nothing."""
    acks = some()
    written(0, 1, 2)(acks)
    await acknowledged(set(acks), within=5)
    await acknowledged(set(), within=5)


@pytest.mark.parametrize("before", [[], [written(0)], [written(0, 2)]])
async def test_the_first_that_fails(before: list[Step]) -> None:
    """Broken by: waiting for the rest, which takes all the time there is."""
    task = await waiting(some(), *before, refused(1))
    with pytest.raises(KafkaError):
        task.result()


async def test_one_deadline_for_all_and_the_others_go_on_waiting() -> None:
    """Broken by: no deadline, or cancelling what other publishes wait for."""
    acks = some()
    other = await waiting(acks, written(0))
    with pytest.raises(TimeoutError):
        await acknowledged(set(acks), within=0.01)
    assert not other.done()
    written(1, 2)(acks)
    await other


async def test_who_is_cancelled_takes_nobody_along() -> None:
    acks = some()
    other, one = await waiting(acks), await waiting(acks)
    one.cancel()
    await asyncio.wait([one])
    assert one.cancelled()
    written(0, 1, 2)(acks)
    await other


async def test_an_acknowledgement_that_is_cancelled_is_not_one() -> None:
    """Broken by: taking whatever ended for written."""
    task = await waiting(some(), written(0, 1), lambda acks: acks[2].cancel())
    assert task.cancelled()
