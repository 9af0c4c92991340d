"""The simulated clock: wall time that can be moved forward, and run faster."""

import time
from collections.abc import Callable


class Clock:
    """Event time of the platform. Rates are judged by real time: callers pace by their own clocks."""

    def __init__(self, *, scale: float = 1.0, wall: Callable[[], float] = time.time) -> None:
        if scale <= 0:
            raise ValueError("the time scale must be above 0")
        self._wall = wall
        self._start = wall()
        self._scale = scale
        self._moved = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self._start + (self._wall() - self._start) * self._scale + self._moved

    def advance(self, seconds: float) -> None:
        """Let that much time pass at once."""
        if seconds < 0:
            raise ValueError("time moves forward only")
        self._moved += seconds
