"""Rates that hold in every sliding window: GCRA over one timestamp per bucket.

A bucket holds its theoretical arrival time; a call takes the slot ``max(tat - burst, now)`` and moves the time by one
interval. ``limit`` intervals, less a burst's share, last a little longer than the period that the platform counts, by
:attr:`Rate.slack`: so late calls (they must take another slot beyond :attr:`Rate.late`) do not crowd a window. A few calls
of a bucket that rests get more time, which it counts as used.
"""

from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

import msgspec

_FIRST_LEAD, _LEAST_LEAD, _MOST_LEAD = 0.02, 0.004, 0.5  # seconds

LATE = timedelta(milliseconds=10)
"""At the least that much after its slot a call may leave."""

HORIZON = timedelta(milliseconds=250)
"""How far ahead slots are given out: far enough that a slow claim wastes none, near enough that plans may change."""

CHUNK = timedelta(milliseconds=60)
"""A full bucket is asked again once it has that much to give: few large claims cost less than many small ones."""

SOON = timedelta(milliseconds=30)
"""A person's message that would wait longer takes over the slot of an automated one that is not committed to yet."""

COMMITTED = timedelta(milliseconds=25)
"""So close before its slot, or a lead if that is longer, a call is being committed to and cannot be overtaken any more."""

ROOM = timedelta(milliseconds=50)
"""The most that calls which share a slot may have beyond what it takes to be ready: whoever comes next to that account
waits for it, and a sign of presence that would wait longer than this is left out.
"""

BucketClass = Literal["text", "media", "private_reply", "live_reply", "conversations"]

_LEAST, _MOST, _PART = timedelta(milliseconds=30), timedelta(milliseconds=100), 600

_TRICKLE = 0.01  # calls a period; none at all would be a pause

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Rate(msgspec.Struct, frozen=True, dict=True):
    """``limit`` calls in any ``period``, ``burst`` of them beyond the even pace. What follows from them is kept with it."""

    limit: float
    period: timedelta = SECOND
    burst: int = 0

    def slowed(self, share: float) -> "Rate":
        """So much of it."""
        return (
            self
            if share >= 1
            else Rate(max(self.limit * share, _TRICKLE), self.period, int(self.burst * share))
        )

    @cached_property
    def interval(self) -> timedelta:
        """Time between two slots, once the burst is spent."""
        return (self.period + self.slack) / (self.limit - self.burst)

    @cached_property
    def slack(self) -> timedelta:
        """How late a call may be without crowding a window: three intervals, between 30 and 100 ms; of an hour up to 6 s.

        30 ms cost 3 % of a limit of hundreds a second. A small limit can afford more, and needs it: there a single call
        that a stalled machine holds back is already one too many.
        """
        return min(max(3 * self.period / (self.limit - self.burst), _LEAST), max(_MOST, self.period / _PART))

    @cached_property
    def late(self) -> timedelta:
        """A call that would leave this much after its slot forfeits it; the rest of the slack is for its way.

        Where slots are minutes apart that costs a message its chance, so an hour's calls have two seconds.
        """
        return max(self.slack / 3, LATE)

    @cached_property
    def tolerance(self) -> timedelta:
        """How far ahead of the even pace a slot may be."""
        return self.burst * self.interval


class Limits(msgspec.Struct, frozen=True):
    """What an account may call, as configured (platform.md 4.1)."""

    text_per_second: float
    media_per_second: float = 10
    private_replies_per_hour: float = 750
    live_replies_per_second: float = 100
    conversations_per_second: float = 2

    def rate(self, bucket: BucketClass) -> Rate:
        return _rate(self, bucket)


@lru_cache(maxsize=1024)
def _rate(limits: Limits, bucket: BucketClass) -> Rate:
    """The same one for all accounts with these limits: nearly all have the platform's."""
    match bucket:
        case "text":
            return Rate(limits.text_per_second)
        case "media":
            return Rate(limits.media_per_second)
        case "private_reply":
            # An hour's calls, evenly spread, would keep the first ones waiting for nothing.
            return Rate(limits.private_replies_per_hour, HOUR, int(limits.private_replies_per_hour / 10))
        case "live_reply":
            return Rate(limits.live_replies_per_second)
        case "conversations":  # pragma: no branch - mypy proves that there is no other
            return Rate(limits.conversations_per_second)


class Slot(NamedTuple):
    """A call may leave from ``at`` to ``until``, both included."""

    at: datetime
    until: datetime


def exact(at: datetime) -> Slot:
    """One of a row of slots: so close together they leave no more time."""
    return Slot(at, at + LATE)


def slots(
    tat: datetime | None,
    now: datetime,
    rate: Rate,
    wanted: int,
    *,
    ready: timedelta = timedelta(0),
    horizon: timedelta = HORIZON,
) -> tuple[list[Slot], datetime | None]:
    """Up to ``wanted`` slots within the horizon, and the bucket's new time.

    ``ready``: how long it takes to be ready for a slot; a nearer one would be missed. A few of a bucket that rests
    share one, for twice that long or :data:`ROOM` more: they need not hit a moment, as nobody comes right behind them.
    """
    room = ready + min(ready, ROOM)
    wait = (wanted - 1) * rate.interval  # all at once, no sooner than the last of them could have gone
    if wanted and wait <= ready and room > rate.late and (tat is None or tat <= now):
        until = now + wait + room
        return [Slot(now + wait, until)] * wanted, until + wanted * rate.interval
    given: list[Slot] = []
    soonest = now + ready
    while len(given) < wanted:
        due = soonest if tat is None else max(tat, soonest)
        at = max(soonest, due - rate.tolerance)
        if at > soonest + horizon:
            break
        given.append(Slot(at, at + rate.late))
        tat = due + rate.interval
    return given, tat


def opens(tat: datetime, rate: Rate) -> datetime:
    """When a bucket is worth asking again: it has a chunk of slots to give then, or its next one."""
    return tat - rate.tolerance - HORIZON + CHUNK


class Lead:
    """How long a step before a slot takes, claiming or marking: nearly always less than ``seconds``.

    A slot that is nearer than the steps before it would be missed. It follows what was seen, quickly upwards and slowly down.
    """

    def __init__(self) -> None:
        self.seconds = _FIRST_LEAD

    def note(self, taken: float) -> None:
        wanted = 1.2 * taken
        step = 0.5 if wanted > self.seconds else 0.01
        self.seconds = min(max(self.seconds + step * (wanted - self.seconds), _LEAST_LEAD), _MOST_LEAD)

    def unused(self) -> None:
        """Nobody needed to know: what was seen long ago is forgotten as slowly as it would be corrected."""
        self.note(0)
