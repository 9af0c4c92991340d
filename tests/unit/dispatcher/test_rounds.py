"""A loop goes round through a database that is away, and at once again while there is more."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from kaiwa.dispatcher.rounds import rounds


async def test_it_goes_on_when_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: an error that ends the loop, a pause while there is more, or none where there is nothing."""
    did: list[str] = []
    answers: list[bool | OSError | None] = [True, True, None, OSError("away"), False]

    async def work() -> bool | None:
        if not answers:
            raise asyncio.CancelledError
        did.append("work")
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def pause(seconds: float) -> None:
        did.append(f"pause {seconds:g}")

    monkeypatch.setattr(asyncio, "sleep", pause)
    with pytest.raises(asyncio.CancelledError):
        await rounds(work, every=7, waits="work_waits")
    assert did == ["work", "work", "work", "pause 7", "work", "pause 7", "work", "pause 7"]


async def test_what_takes_long_is_done_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: a look at a million rows every five seconds, whatever it takes."""
    paused: list[float] = []
    clock = SimpleNamespace(now=0.0)

    async def work() -> None:
        if len(paused) == 2:
            raise asyncio.CancelledError
        clock.now += [0.1, 2.0][len(paused)]

    async def pause(seconds: float) -> None:
        paused.append(round(seconds, 6))

    monkeypatch.setattr(asyncio, "sleep", pause)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    with pytest.raises(asyncio.CancelledError):
        await rounds(work, every=5, waits="work_waits", share=0.05)
    assert paused == [5, 38]


async def test_what_is_no_outage_ends_it() -> None:
    """A fault of ours must stop the service, not be logged for ever."""

    async def work() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await rounds(work, every=0, waits="work_waits")
