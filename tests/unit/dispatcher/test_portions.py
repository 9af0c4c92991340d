"""Long work leaves everything else its turns."""

import asyncio
from contextlib import suppress

import pytest

from kaiwa.dispatcher.portions import portions


@pytest.mark.parametrize("many", [0, 1, 50, 51, 500])
async def test_all_of_them_in_their_order(many: int) -> None:
    """Broken by: the last portion left out; an item in two."""
    found = [list(some) async for some in portions(range(many))]
    assert [item for some in found for item in some] == list(range(many))
    assert all(len(some) <= 50 for some in found)


async def test_others_have_their_turn_between_two_portions() -> None:
    """Broken by: going on at once, as any other loop over a batch does."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    seen = [turns async for _ in portions(range(500))]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert seen == sorted(set(seen))
    assert len(seen) == 10
