"""Ages that go on while nobody can look."""

import time
from collections.abc import Mapping
from typing import Final

from prometheus_client import Gauge

_LATE: Final = 30.0  # seconds after a look; the next one takes its time, too

_now = time.monotonic


class Ages:
    """How old the oldest of something is, as one loop of every process looks at it now and then.

    While it cannot look they grow: that what was old is still there is then the best guess, and an alert on it must not
    stay silent because the look itself fails.
    """

    def __init__(self, *gauges: Gauge) -> None:
        self._looked = _now()
        self.seen(dict.fromkeys(gauges, 0.0))

    def seen(self, ages: Mapping[Gauge, float]) -> None:
        """What one look found, of all of them."""
        self._looked = _now()
        for gauge, age in ages.items():
            self._show(gauge, age)

    def _show(self, gauge: Gauge, age: float) -> None:
        gauge.set_function(lambda: age + max(0.0, _now() - self._looked - _LATE))
