"""The keeper: a process that outlives its parent just long enough to clean up behind it.

Run as a program (`python -I -S keeper.py FOLDER`), standard library only. It makes one working directory in
FOLDER and starts what it is told to, so that all of it is its own to end. Its standard input is a pipe whose
writing end only the parent holds: when the parent ends, however it ends (also by SIGKILL), the pipe closes; then
every child is stopped, newest first, and the directory is removed. No prctl, no process groups of others: it
works on Linux and macOS. It lives in its own session, so a Ctrl-C at the terminal does not reach it.

Requests and answers are one JSON object per line, with the request's number `n` in both (not shown here):

    {"start": [argv], "env": {}, "cwd": "", "log": "", "stop": 15, "user": null}  →  {"pid": 1}
    {"signal": 9, "pid": 1}                                                       →  {}
    {"poll": 1}                                                                   →  {"code": null}
    a request that fails                                                          →  {"error": "one line"}

The first line it says by itself: {"directory": "…"}.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

GRACE = 10.0  # seconds that all children together get to end by themselves
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Kept:
    process: subprocess.Popen[bytes]
    stop: int


def main(folder: str) -> None:
    for number in ENDINGS:
        signal.signal(number, _leave)
    kept: dict[int, Kept] = {}
    directory = tempfile.mkdtemp(prefix="kaiwa-", dir=folder)
    try:
        Path(directory).chmod(0o711)  # another user may pass through to what is given to it, and list nothing
        _say({"directory": directory})
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = _obey(request, kept)
            except OSError as error:
                answer = {"error": str(error)}
            _say({"n": request["n"], **answer})
    except BrokenPipeError:
        pass  # the parent ended between question and answer: the same as an end of input
    finally:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        _end(list(kept.values()))
        shutil.rmtree(directory)


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _say(answer: dict[str, Any]) -> None:
    os.write(
        sys.stdout.fileno(), json.dumps(answer).encode() + b"\n"
    )  # nothing buffered, nothing left at exit


def _obey(request: dict[str, Any], kept: dict[int, Kept]) -> dict[str, Any]:
    if "start" in request:
        child = Kept(_start(request), request["stop"])
        kept[child.process.pid] = child
        return {"pid": child.process.pid}
    if "signal" in request:
        kept[request["pid"]].process.send_signal(request["signal"])  # polls first: never a reused pid
        return {}
    return {"code": kept[request["poll"]].process.poll()}


def _start(request: dict[str, Any]) -> subprocess.Popen[bytes]:
    user: int | None = request["user"]
    with Path(request["log"]).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the parent's own words, through a pipe nobody else holds
            request["start"],
            env=request["env"],
            cwd=request["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=user,
            extra_groups=None if user is None else [],
        )


def _end(kept: list[Kept]) -> None:
    deadline = time.monotonic() + GRACE
    alive = [child for child in kept if child.process.poll() is None]
    for child in reversed(alive):
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.send_signal(child.stop)
            child.process.send_signal(signal.SIGCONT)  # a stopped process does not hear that it should end
            child.process.wait(max(0.0, deadline - time.monotonic()))
    for child in alive:
        with contextlib.suppress(
            ProcessLookupError, PermissionError
        ):  # macOS says EPERM of a group of zombies
            os.killpg(child.process.pid, signal.SIGKILL)  # what it left behind in its session, too
        child.process.wait()


if __name__ == "__main__":
    main(sys.argv[1])
