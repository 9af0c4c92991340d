"""What a run left behind: processes whose command line names a folder, and conditions to wait for."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def processes_naming(folder: Path) -> list[str]:
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if str(folder) in line]


def wait_until(holds: Callable[[], object], what: str, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        time.sleep(0.02)
