"""On the path of a process: its wall clock is wrong by `CLOCK_SKEW` seconds from its first moment on."""

import os
import time

_skew = float(os.environ["CLOCK_SKEW"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _skew
time.time_ns = lambda: _time_ns() + int(_skew * 1e9)
