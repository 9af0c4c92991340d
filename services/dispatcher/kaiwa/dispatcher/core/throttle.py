"""Obeying the platform: slower before its wall, silent for as long as it says, and slowly back (platform.md 4.3).

Calls made while throttled prolong the block, so nothing is tried meanwhile; what comes back begins with a trickle.
"""

from datetime import timedelta

SLOW_FROM, FULL = 80.0, 100.0
"""Percent of a budget between which the pace falls, from its whole to :data:`LEAST` of it."""

LEAST = 0.1

RECOVERY = timedelta(seconds=60)
"""After a pause the pace grows from :data:`LEAST` to the whole in this time."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=60), timedelta(hours=1)
"""Where no time is announced: doubled with each pause that follows within :data:`CALM` of the last one's end."""

CALM = timedelta(minutes=10)


def pace(percent: float | None, since_pause: timedelta | None) -> float:
    """What of the limit may be used. ``percent``: of the fullest budget, as of late; None where nothing was said."""
    slowed = 1.0
    if percent is not None and percent > SLOW_FROM:
        slowed = 1 - (1 - LEAST) * min(percent - SLOW_FROM, FULL - SLOW_FROM) / (FULL - SLOW_FROM)
    if since_pause is not None and since_pause < RECOVERY:
        slowed = min(slowed, LEAST + (1 - LEAST) * max(since_pause / RECOVERY, 0.0))
    return slowed
