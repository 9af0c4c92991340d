"""What settles may be overtaken by an answer that was only late."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest

from kaiwa.dispatcher import settle
from kaiwa.dispatcher.settle import Settler


class Stored:
    """One call in doubt, whose part is gone when it is to be judged."""

    def __init__(self) -> None:
        self.locked: list[int] = []

    async def doubtful(self, _: object, **__: object) -> AsyncIterator[dict[str, Any]]:
        yield {"part_id": 7, "account_id": "1784", "customer_id": "1111"}

    async def lock_parts(self, _: object, *, ids: list[int]) -> AsyncIterator[dict[str, Any]]:
        self.locked += ids
        nothing: list[dict[str, Any]] = []
        for row in nothing:
            yield row


class Pool:
    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield


class Threads:
    async def newest(self, _: object) -> list[Any]:
        return []


async def test_a_late_answer_overtakes_the_reading_of_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that says "not now" takes the part away while its thread is read. Broken by: taking for granted that the
    part is still there, which ended the settler, and with it the process.
    """
    stored = Stored()
    monkeypatch.setattr(settle, "_sql", stored)
    settler = Settler(
        cast("Any", Pool()),
        cast("Any", Threads()),
        cast("Any", None),
        policy=cast("Any", None),
        after=timedelta(0),
        bound=timedelta(0),
    )
    await settler.read_threads()
    assert stored.locked == [7]
