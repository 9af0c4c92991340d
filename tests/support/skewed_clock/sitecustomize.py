"""On the path of a process: its wall clock is wrong by `CLOCK_SKEW` seconds from its first moment on.

`datetime` is C and reads the clock past `time.time`, so that its `now` is replaced in the type itself: a class in its
place would not be what C extensions make and expect. The monotonic clock is right, as with a clock that NTP left alone.
"""

import ctypes
import gc
import os
import time
from datetime import datetime, timedelta, tzinfo

_skew = float(os.environ["CLOCK_SKEW"])
_time, _time_ns, _now = time.time, time.time_ns, datetime.now


def _skewed(_: type[datetime], tz: tzinfo | None = None) -> datetime:
    return _now(tz) + timedelta(seconds=_skew)


time.time = lambda: _time() + _skew
time.time_ns = lambda: _time_ns() + int(_skew * 1e9)
gc.get_referents(datetime.__dict__)[0]["now"] = classmethod(_skewed)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
