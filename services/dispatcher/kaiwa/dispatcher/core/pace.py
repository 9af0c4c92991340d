"""Rates that hold in every sliding window: GCRA over one timestamp per bucket.

A bucket holds its theoretical arrival time; a call takes the slot ``max(tat, now)`` and moves it by one
interval. There is no burst, and ``limit`` intervals last a little longer than the second that the platform counts, by
:func:`slack`: so late calls (they must take another slot beyond :data:`LATE`) do not crowd a window.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

LATE = timedelta(milliseconds=10)
"""A call that would leave this much after its slot forfeits it."""

HORIZON = timedelta(milliseconds=250)
"""How far ahead slots are given out: short, so that a human's message does not queue behind a long claim."""

BucketClass = Literal["text", "media"]


@dataclass(frozen=True)
class Limits:
    """Calls per second by class, as configured for an account (platform.md 4.1)."""

    text_per_second: float
    media_per_second: float = 10

    def interval(self, bucket: BucketClass) -> timedelta:
        """Time between two slots."""
        limit = self.text_per_second if bucket == "text" else self.media_per_second
        return timedelta(seconds=(1 + slack(limit)) / limit)


def slack(limit: float) -> float:
    """Seconds that a call may be late without crowding a window: three intervals, between 30 and 100 ms.

    30 ms cost 3 % of a limit of hundreds. A small limit can afford more, and needs it: there a single call that a
    stalled machine holds back is already one too many.
    """
    return min(max(3 / limit, 0.03), 0.1)


def slots(
    tat: datetime | None, now: datetime, interval: timedelta, wanted: int, *, horizon: timedelta = HORIZON
) -> list[datetime]:
    """Up to ``wanted`` slots within the horizon; the new ``tat`` is the last one plus ``interval``."""
    first = now if tat is None or tat < now else tat
    return [slot for n in range(wanted) if (slot := first + n * interval) <= now + horizon]
