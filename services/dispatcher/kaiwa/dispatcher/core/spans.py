"""Lengths of time as a person says them."""

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def span(length: timedelta) -> str:
    """`45 s`, `12 min`, `5 h`, `3 days`: rounded down, in the largest unit of which there are two."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h"
    return f"{seconds // _DAY} days"


def ago(moment: datetime, now: datetime) -> str:
    return f"{span(now - moment)} ago"
