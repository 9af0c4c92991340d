"""How often the page may be asked for: by one client, and by all of them together."""

from collections import OrderedDict
from typing import Final

_MOST_CLIENTS: Final = 10_000


class Limiter:
    """Token buckets. ``rate`` in requests a second and ``burst`` for one client; ``all_rate``, ``all_burst`` for all."""

    def __init__(
        self, *, rate: float = 0.5, burst: float = 20, all_rate: float = 100, all_burst: float = 200
    ) -> None:
        self._rate, self._burst = rate, burst
        self._all_rate, self._all_burst = all_rate, all_burst
        self._all = (all_burst, 0.0)
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, client: str, now: float) -> bool:
        """Whether this request may go; it is counted then. ``now`` in seconds of a clock that only goes forward."""
        everybody = _filled(self._all, self._all_rate, self._all_burst, now)
        known = self._clients.pop(client, (self._burst, now))
        own = _filled(known, self._rate, self._burst, now)
        admitted = own >= 1 and everybody >= 1
        spent = 1 if admitted else 0
        self._all = (everybody - spent, now)
        self._clients[client] = (own - spent, now)
        if len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return admitted


def _filled(bucket: tuple[float, float], rate: float, burst: float, now: float) -> float:
    tokens, at = bucket
    return min(burst, tokens + rate * (now - at))
