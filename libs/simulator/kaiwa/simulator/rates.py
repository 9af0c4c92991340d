"""Sliding windows: how many calls arrived in any stretch of time that long."""

from bisect import insort
from collections import deque
from collections.abc import Iterable


class SlidingWindow:
    """Admits a call when, with it, no stretch of `seconds` holds more than `limit` calls.

    Refused calls count too: the platform prolongs a block for those who go on calling.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._arrivals: deque[float] = deque()

    def arrive(self, at: float) -> bool:
        """Note a call at this time, a moment before the last one perhaps; False when it is one too many."""
        insort(self._arrivals, at)
        while self._arrivals[0] <= self._arrivals[-1] - self._seconds:
            self._arrivals.popleft()
        return len(self._arrivals) <= self._limit


def peak(arrivals: Iterable[float], seconds: float = 1.0) -> int:
    """The most arrivals in any half-open stretch of that length."""
    window: deque[float] = deque()
    most = 0
    for at in sorted(arrivals):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
