"""A fuse per app: when most of what an app sends cannot be decoded, something is broken that quarantine cannot hold.

A bad deploy of ours, or a new format of Meta's, would pour everything into quarantine and acknowledge it. So what
cannot be decoded is put off (503, Meta keeps it and tries again) while it is most of the app's recent traffic. What
can be decoded passes all the while, and closes the fuse again; so does time. Pure: the time is an argument.
"""

from dataclasses import dataclass, field

_LEAST = 20
"""Failures before a fuse blows: a few odd bodies are what quarantine is for."""

_WINDOW = 60.0
"""Seconds; recent is what came in this one and the one before."""


class FuseOpen(Exception):
    """What cannot be decoded is put off."""


@dataclass
class _Count:
    good: int = 0
    bad: int = 0


@dataclass
class _Traffic:
    window: int
    now: _Count = field(default_factory=_Count)
    before: _Count = field(default_factory=_Count)

    def turn(self, window: int) -> None:
        """Begin a later window."""
        self.before = self.now if window == self.window + 1 else _Count()
        self.now = _Count()
        self.window = window

    @property
    def blown(self) -> bool:
        good, bad = self.now.good + self.before.good, self.now.bad + self.before.bad
        return bad >= _LEAST and bad > good


class Fuses:
    """The traffic of every app, counted in bodies and items; ``at`` is in seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._apps: dict[str, _Traffic] = {}

    def note(self, app_id: str, *, decoded: int, undecoded: int, at: float) -> bool:
        """True while the app's fuse is open, with these counted in."""
        traffic = self._at(app_id, at)
        traffic.now.good += decoded
        traffic.now.bad += undecoded
        return traffic.blown

    def open(self, *, at: float) -> int:
        """How many are open."""
        return sum(self._at(app_id, at).blown for app_id in self._apps)

    def _at(self, app_id: str, at: float) -> _Traffic:
        window = int(at // _WINDOW)
        traffic = self._apps.get(app_id)
        if traffic is None:
            traffic = self._apps[app_id] = _Traffic(window)
        elif window > traffic.window:
            traffic.turn(window)
        return traffic
