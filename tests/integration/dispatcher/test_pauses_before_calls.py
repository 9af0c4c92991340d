"""What a guard finds before a call: whom the database says to leave alone, and for how long this process then does."""

import time
from collections.abc import AsyncIterator
from typing import Any, cast

import asyncpg
import pytest
from claiming import SHOP, WARMING, shops

from kaiwa.dispatcher.throttling import Throttled, Throttling
from kaiwa.meta.graph import Sender

PAUSE = "update dispatcher.accounts set paused_until = clock_timestamp() + $2::text::interval where account_id = $1"
HELD = 5.0  # seconds, at most: then the database is asked again


def sender(account_id: str | None) -> Sender:
    return Sender("facebook", "1", "token", account_id=account_id, app_id="1001")


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with shops(database, [], []) as opened:
        yield opened


@pytest.mark.parametrize(("pause", "held"), [("1 hour", HELD), ("4 seconds", 4.0)])
async def test_a_paused_account_is_not_called_and_its_process_stays_silent(
    db: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, pause: str, held: float
) -> None:
    """Broken by: a guard that lets calls through; that holds other accounts, too; that asks for every send of a pause
    which it knows of, or is silent for longer than the pause, or for all of a long one (which somebody may end early).
    """
    await db.execute(PAUSE, SHOP, pause)
    guard = Throttling(db)
    with pytest.raises(Throttled, match=SHOP):
        await guard.before(sender(SHOP))
    await guard.before(sender(WARMING))

    heard = time.monotonic()
    assert (guard.silent(SHOP), guard.silent(WARMING, "1001")) == (True, False)
    with monkeypatch.context() as later:
        later.setattr(time, "monotonic", lambda: heard + held / 2)
        assert guard.silent(SHOP)
        later.setattr(time, "monotonic", lambda: heard + held)
        assert not guard.silent(SHOP)


async def test_a_pause_that_is_over_holds_nobody(db: asyncpg.Pool) -> None:
    """Broken by: reading that there was a pause as one; by a silence that began with a pause already over."""
    guard = Throttling(db)
    await guard.before(sender(SHOP))
    await db.execute(PAUSE, SHOP, "-1 second")
    await guard.before(sender(SHOP))
    await guard.before(sender("nobody's"))
    assert not guard.silent(SHOP, WARMING, "1001")


async def test_a_call_of_no_account_counts_against_no_limit_of_ours() -> None:
    """As while somebody logs in. Broken by: asking the database about nobody."""
    await Throttling(cast("Any", None)).before(sender(None))
