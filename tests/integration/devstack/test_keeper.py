"""Promise: whatever was started ends with its parent, however that one ends, and leaves no file.

Breaks when the keeper stops reading its input's end as the order to clean up (for example with `stdin=None`).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from leftovers import processes_naming, wait_until

from kaiwa.devstack.processes import Keeper
from kaiwa.runtime.errors import DependencyError

STACK = """
import signal, sys
from pathlib import Path
from kaiwa.devstack.stack import running
with running(Path(sys.argv[1]), environ={}):
    print("up", flush=True)
    signal.pause()
"""
CHILD = """
import signal, sys
from pathlib import Path
from kaiwa.devstack.processes import Keeper
with Keeper(Path(sys.argv[1])) as keeper:
    argv = [sys.executable, "-c", "import signal; signal.pause()", sys.argv[1]]
    keeper.start(argv, env={}, log=keeper.directory / "log")
    print("up", flush=True)
    signal.pause()
"""
SLEEP = ["sleep", "600"]
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize(
    ("program", "ending", "expected"),
    [
        (STACK, signal.SIGKILL, {"keeper.py", "kafka.Kafka", "postgres"}),
        (CHILD, signal.SIGKILL, {"keeper.py", "signal.pause()"}),
        (CHILD, signal.SIGTERM, {"keeper.py", "signal.pause()"}),
        (CHILD, signal.SIGINT, {"keeper.py", "signal.pause()"}),
    ],
)
def test_nothing_outlives_the_parent(
    folder: Path, program: str, ending: signal.Signals, expected: set[str]
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        others = "\n".join(line for line in processes_naming(folder) if int(line.split()[0]) != parent.pid)
        assert all(word in others for word in expected)
        parent.send_signal(ending)
    wait_until(lambda: not processes_naming(folder), "every process has ended")
    wait_until(lambda: not list(folder.iterdir()), "the working directory is removed")


def test_leaving_by_an_exception_ends_everything(folder: Path) -> None:
    with contextlib.suppress(LookupError), Keeper(folder) as keeper:
        child = keeper.start(SLEEP, env=PATH, log=folder / "log", cwd=folder)
        assert child.poll() is None
        raise LookupError
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
    assert not keeper.directory.exists()


def test_a_keeper_that_is_told_to_end_cleans_up_first(folder: Path) -> None:
    with Keeper(folder) as keeper:
        child = keeper.start(SLEEP, env=PATH, log=keeper.directory / "log")
        os.kill(keeper.pid, signal.SIGTERM)
        wait_until(lambda: not keeper.directory.exists(), "the directory is removed")
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)
        with pytest.raises(DependencyError, match="keeper process has died"):
            child.poll()


def test_a_frozen_child_ends_too(folder: Path) -> None:
    with Keeper(folder) as keeper:
        child = keeper.start(SLEEP, env=PATH, log=keeper.directory / "log")
        child.signal(signal.SIGSTOP)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_a_child_has_its_own_environment_folder_and_log(folder: Path) -> None:
    program = "import json, os; print(json.dumps([dict(os.environ), os.getcwd()]))"
    log = folder / "log"
    with Keeper(folder) as keeper:
        argv = [sys.executable, "-I", "-c", program]
        assert keeper.start(argv, env={"A": "1"}, log=log, cwd=folder).wait(10) == 0
    environment, where = json.loads(log.read_text())
    assert environment["A"] == "1"
    assert "HOME" not in environment
    assert Path(where) == folder.resolve()


def test_a_program_that_is_not_there_is_named(folder: Path) -> None:
    with Keeper(folder) as keeper:
        with pytest.raises(DependencyError, match="no-such-program"):
            keeper.start(["no-such-program"], env={}, log=keeper.directory / "log")
        assert keeper.start(SLEEP, env=PATH, log=keeper.directory / "log").poll() is None
