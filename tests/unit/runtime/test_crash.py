"""Crash points: only the named one kills, and only when asked."""

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
from kaiwa.runtime import crash
crash.point("before")
print("between", flush=True)
crash.point("after")
print("alive", flush=True)
"""


@pytest.mark.parametrize(
    ("at", "code", "said"),
    [
        (None, 0, "between\nalive\n"),
        ("elsewhere", 0, "between\nalive\n"),
        ("before", -signal.SIGKILL, ""),
        ("after", -signal.SIGKILL, "between\n"),
    ],
)
def test_a_point_kills_when_it_is_named(at: str | None, code: int, said: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "KAIWA_CRASH_AT"}
    if at is not None:
        environment["KAIWA_CRASH_AT"] = at
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, said)
