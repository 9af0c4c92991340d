"""What an answer says of limits, and whom this process leaves alone at once."""

import time
from datetime import timedelta
from typing import Any, cast

import pytest

from kaiwa.dispatcher.core.classify import Again, Scope, classify
from kaiwa.dispatcher.rounds import each
from kaiwa.dispatcher.throttling import Heard, Throttled, Throttling, unless_throttled
from kaiwa.meta.answers import NotSent, Refused
from kaiwa.meta.usage import Usage

MINUTE = timedelta(minutes=1)


def refused(code: int, usage: Usage | None = None) -> Heard:
    return Heard("1784", usage, classify(Refused(code, None, None, usage)))


@pytest.mark.parametrize(
    ("heard", "pauses"),
    [
        (Heard("1784", None), {}),
        (Heard("1784", Usage(account=99, app=99)), {}),
        (Heard("1784", Usage(account=100, regain=MINUTE)), {"account": MINUTE}),
        (Heard("1784", Usage(account=100, app=100)), {"account": None, "app": None}),
        (refused(613), {"account": None}),
        (refused(80002, Usage(account=100, regain=MINUTE)), {"account": MINUTE}),
        (refused(4), {"app": None}),
        (refused(32, Usage(account=100, app=100, regain=MINUTE)), {"account": MINUTE, "app": MINUTE}),
        # no limits: the message's or the account's own affair
        (refused(10), {}),
        (refused(190), {}),
        (refused(100), {}),
        (Heard("1784", None, Again(MINUTE, None)), {}),
    ],
)
def test_who_has_to_wait(heard: Heard, pauses: dict[Scope, timedelta | None]) -> None:
    assert heard.pauses == pauses


def test_silence_lasts_no_longer_than_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: calls that are held back in vain after a pause, or an app's pause that holds one account only."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ears = Throttling(cast("Any", None))
    ears.hush(Heard("1784", Usage(account=100, regain=timedelta(seconds=2))), "1001")
    assert (ears.silent("1784"), ears.silent("1785", "1001")) == (True, False)
    now = 102.1
    assert not ears.silent("1784")
    ears.hush(refused(4), "1001")
    now = 107.0
    assert ears.silent("1785", "1001")
    now = 107.2
    assert not ears.silent("1785", "1001")


async def test_one_that_is_throttled_takes_no_other_down() -> None:
    """Broken by: a round that ends with the first of them, or in which any other failure is lost."""
    done: list[str] = []

    async def work(row: Any) -> None:
        if row["account_id"] == "1784":
            raise Throttled(row["account_id"])
        done.append(row["account_id"])

    rows = [{"account_id": name} for name in ("1784", "1785", "1784", "1786")]
    await each(rows, work)
    assert done == ["1785", "1786"]

    async def fails(_: Any) -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await each(rows, fails)


async def test_a_person_is_told_that_meta_is_left_alone() -> None:
    async def asked(answer: str | None) -> str:
        if answer is None:
            raise Throttled("1784")
        return answer

    assert await unless_throttled(asked("fine")) == "fine"
    assert isinstance(await unless_throttled(asked(None)), NotSent)
