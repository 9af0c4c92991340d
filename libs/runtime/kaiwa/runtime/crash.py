"""Crash points: chaos tests end a process by SIGKILL at a named place (`KAIWA_CRASH_AT=<name>`).

A name says what has just been done: `crash.point("dispatcher.sending_committed")`. Without the variable a point is one
comparison; nothing catches SIGKILL, so what a point shows is what a power cut would show.
"""

import os
import signal
from typing import Final

_AT: Final = os.environ.get("KAIWA_CRASH_AT")


def point(name: str) -> None:
    if name == _AT:
        os.kill(os.getpid(), signal.SIGKILL)
