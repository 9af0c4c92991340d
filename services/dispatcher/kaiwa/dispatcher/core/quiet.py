"""Silence: from when on it is unusual that nothing comes for an account, by what its last days were like.

An account's own longest gap of the week takes its nights and weekends into account, whatever they are.
"""

from datetime import datetime, timedelta

BUSY = 20
"""Webhooks in a week: below that, silence says nothing."""

_TIMES = 2  # the longest gap so far


def silent_from(heard_at: datetime, events: int, longest_gap: timedelta, least: timedelta) -> datetime | None:
    """From when silence is unusual; None where too little came. ``least``: no silence is shorter."""
    return heard_at + max(least, _TIMES * longest_gap) if events >= BUSY else None
