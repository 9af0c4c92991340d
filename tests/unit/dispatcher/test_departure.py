"""When a call leaves: in its slot, in another one where that passed, or not at all."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import pytest
from replies import answering
from structlog.testing import capture_logs

from kaiwa.dispatcher.commitments import Call, Claim
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.classify import NEVER_LEFT, Sent
from kaiwa.dispatcher.core.pace import Lead, Slot
from kaiwa.dispatcher.departure import Departure
from kaiwa.dispatcher.record import Ended
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Want
from kaiwa.meta.graph import MESSAGES
from kaiwa.meta.graph import Sender as Login
from kaiwa.runtime.errors import DependencyError

TEXT = Want(Desk("1784", "text"), 1)
MEDIA = Want(Desk("1784", "media"), 1)


def slot(begins: float, lasts: float = 0.01) -> Slot:
    """So many seconds from now."""
    at = datetime.fromtimestamp(time.monotonic() + begins, UTC)
    return Slot(at, at + timedelta(seconds=lasts))


class Clock:
    """The database's clock is this machine's."""

    def local(self, moment: datetime) -> float:
        return moment.timestamp()


class Others:
    """Slots that are there to be had, or a database that is away."""

    def __init__(self, *slots: Slot | Exception) -> None:
        self.marking = Lead()
        self._slots = list(slots)
        self.asked: list[Want] = []

    async def another(self, want: Want) -> Slot:
        self.asked.append(want)
        found = self._slots.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


class Hush:
    def __init__(self, *, silent: bool) -> None:
        self._silent = silent

    def silent(self, *_: Any) -> bool:
        return self._silent

    def hush(self, *_: Any) -> None:
        """Nobody asked for silence."""


class Unasked:
    """A marker for calls that are committed to already."""

    async def mark(self, *_: Any) -> None:
        raise AssertionError


class Uploads:
    async def forgotten(self, *_: Any) -> bool:
        return False


class Recorder:
    def __init__(self) -> None:
        self.ended: list[Ended] = []

    async def record(self, ended: list[Ended]) -> list[bool]:
        self.ended += ended
        return [False] * len(ended)


def claimed(where: Slot) -> Claim:
    return Claim("i", 1, TEXT, where, time.monotonic(), Lead())


def calling(want: Want = TEXT) -> Call:
    return Call(1, "1001", want, Login("facebook", "1784", "token"), MESSAGES, {}, None, 0.0, "bulk", None)


def departing(others: Others, *, want: Want = TEXT, silent: bool = False) -> Departure:
    hush, clock = cast("Any", Hush(silent=silent)), cast("Any", Clock())
    return Departure(cast("Any", others), clock, hush, calling(want), claimed(slot(0)))


def later() -> float:
    return time.monotonic() + 10


async def test_it_waits_for_its_slot() -> None:
    mine, others = slot(0.05, 1), Others()
    departure = departing(others)
    assert await departure.leave(mine, until=later())
    assert departure.at is not None
    assert mine.at.timestamp() <= departure.at <= mine.until.timestamp()
    assert not departure.stays
    assert not others.asked


@pytest.mark.parametrize("passed", [1, 2])
async def test_a_slot_that_passed_is_not_left_in(passed: int) -> None:
    """Promise 5. Breaks when a call that comes late leaves all the same: two would share a slot."""
    gone: Sequence[Slot] = [slot(-0.1) for _ in range(passed)]
    last = slot(0.02, 1)
    others = Others(*gone[1:], last)
    departure = departing(others)
    assert await departure.leave(gone[0], until=later())
    assert others.asked == [TEXT] * passed
    assert departure.at is not None
    assert departure.at >= last.at.timestamp()


async def test_another_bucket_has_its_own_slot() -> None:
    """Promise 5. Breaks when an image leaves in the slot of the text that its unit began with."""
    others = Others(slot(0.0, 1))
    assert await departing(others, want=MEDIA).leave(slot(0.0, 1), until=later())
    assert others.asked == [MEDIA]


async def test_it_stays_where_its_lease_ends_first() -> None:
    """Promise 3. Breaks when a slot that is far keeps a call that another process may settle meanwhile."""
    departure = departing(Others())
    async with asyncio.timeout(5):
        assert not await departure.leave(slot(60), until=time.monotonic() + 0.02)
    assert departure.stays
    assert departure.at is None


async def test_it_stays_where_silence_was_asked_for() -> None:
    departure = departing(Others(), silent=True)
    assert not await departure.leave(slot(0.0, 1), until=later())
    assert departure.stays


@pytest.mark.parametrize(
    "failure", [asyncpg.PostgresConnectionError("away"), DependencyError("no account"), LookupError()]
)
async def test_it_stays_where_nobody_can_say_when_its_turn_is(failure: Exception) -> None:
    """Nothing has left, and that is known: it need not be in doubt until its lease is over. It is said why: the HTTP client
    would call it a failure of the connection.
    """
    departure = departing(Others(failure))
    with capture_logs() as said:
        assert not await departure.leave(slot(-1), until=later())
    assert departure.stays
    assert [line["event"] for line in said] == ["no_slot_to_leave_in"]


@pytest.mark.parametrize("silent", [False, True])
async def test_a_delivery_leaves_by_its_departure(silent: bool) -> None:
    """Promise 5. Breaks when the sender does not ask: its calls would leave as soon as they are committed to."""
    platform = answering(200, b'{"recipient_id":"1111","message_id":"m1"}')
    recorder, mine = Recorder(), slot(0.1, 1)
    some: Any = cast("Any", None)
    sender = Sender(
        platform.graph(), cast("Any", Unasked()), cast("Any", recorder), cast("Any", Others()), cast("Any", Clock()),
        presence=some, uploads=cast("Any", Uploads()), throttling=cast("Any", Hush(silent=silent)), lease=10,
    )  # fmt: skip
    await sender.deliver(claimed(mine), calling())
    assert time.monotonic() >= mine.at.timestamp()
    assert len(platform.asked) == (not silent)
    assert [one.verdict for one in recorder.ended] == [NEVER_LEFT if silent else Sent("m1", "1111")]
