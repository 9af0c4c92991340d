"""A sign of presence leaves in its slot like every call, or not at all."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from replies import answering

from kaiwa.dispatcher.commitments import Call
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.pace import Slot
from kaiwa.dispatcher.presence import Presence
from kaiwa.dispatcher.slots import Want
from kaiwa.meta.graph import MESSAGES
from kaiwa.meta.graph import Sender as Login

TYPING = {"recipient": {"id": "1111"}, "sender_action": "typing_on"}


class Pool:
    """Transactions of which nothing is asked."""

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Pool"]:
        yield self

    def transaction(self) -> Any:
        return self.acquire()


class Slots:
    """One slot, or none within the moment; whether it is reached in time."""

    def __init__(self, *, full: bool = False, in_time: bool = True) -> None:
        at = datetime.now(UTC)
        self._slot = None if full else Slot(at, at + timedelta(milliseconds=10))
        self._in_time = in_time
        self.waited: list[Slot | None] = []

    async def take(self, _: Any, wanted: Sequence[Want], *, horizon: timedelta) -> list[Slot | None]:
        assert horizon
        return [self._slot] * len(wanted)

    async def reached(self, slot: Slot) -> bool:
        self.waited.append(slot)
        return self._in_time


def announcing() -> Call:
    login = Login("facebook", "1784", "token")
    want = Want(Desk("1784", "text"), 1)
    return Call(1, "1001", want, login, MESSAGES, {}, None, 0.0, "default", None, announced=(TYPING,))


@pytest.mark.parametrize(
    ("slots", "waits", "shown"),
    [
        pytest.param(Slots(), 1, 1, id="in its slot"),
        pytest.param(Slots(in_time=False), 1, 0, id="its slot passed"),
        pytest.param(Slots(full=True), 0, 0, id="no room"),
    ],
)
async def test_when_it_is_shown(slots: Slots, waits: int, shown: int) -> None:
    """Promise 5. Broken by: a sign that leaves without asking whether its slot has come, or after it passed."""
    platform = answering(200, b'{"recipient_id":"1111"}')
    await Presence(cast("Any", Pool()), platform.graph(), cast("Any", slots)).announce(announcing())
    assert (len(slots.waited), len(platform.asked)) == (waits, shown)
