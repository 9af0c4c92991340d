"""Processes that cannot be left behind: each is started by a keeper (see `keeper.py`) and ends with its parent.

    with Keeper() as keeper:
        ingest = Process(keeper, "ingest", [sys.executable, "-m", "kaiwa.ingest"], env={…})
        ingest.start()
        await ingest.wait_ready("http://127.0.0.1:8080", timeout=10)
        await ingest.kill()
        await ingest.restart()

A child's handle may be used from any thread. The pipe to the keeper must stay the parent's alone: do not fork
(multiprocessing's "fork") while a keeper is open, or the children live as long as that fork does.
"""

import asyncio
import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast
from urllib.parse import urlsplit

from kaiwa.devstack import keeper as program
from kaiwa.runtime.errors import DependencyError

POLL_EVERY = 0.02


class Keeper:
    """One keeper process, and the temporary directory that it removes when this object is closed or its process dies."""

    def __init__(self, folder: Path | None = None) -> None:
        self._asking = threading.Lock()
        self._numbers = itertools.count()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", program.__file__, str(folder or tempfile.gettempdir())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._requests = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)
        self.directory = Path(self._answer()["directory"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every child, removes the directory, returns when that is done."""
        with self._asking, contextlib.suppress(BrokenPipeError):  # it ended first, and cleaned up as it does
            self._requests.close()
        self._process.wait()
        with self._asking:
            self._answers.close()

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stop: int = signal.SIGTERM,
        user: int | None = None,
    ) -> "Child":
        """Starts a program with exactly this environment; its output is added to `log`; `stop` ends it at the end."""
        answer = self.ask(
            {
                "start": [str(word) for word in argv],
                "env": dict(env),
                "cwd": str(cwd or self.directory),
                "log": str(log),
                "stop": stop,
                "user": user,
            }
        )
        return Child(self, answer["pid"])

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._asking:
            if self._requests.closed:
                raise DependencyError("the keeper of these processes is closed, and they have ended with it")
            number = next(self._numbers)
            with contextlib.suppress(BrokenPipeError):  # its missing answer says it better
                self._requests.write(json.dumps({"n": number, **request}) + "\n")
                self._requests.flush()
            while (answer := self._answer())["n"] != number:
                pass  # the answer to a question that a Ctrl-C interrupted
            if "error" in answer:
                raise DependencyError(f"cannot start a process: {answer['error']}")
            return answer

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise DependencyError("the keeper process has died: end what it had started by hand")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True, slots=True)
class Child:
    """One running of one program."""

    keeper: Keeper
    pid: int

    def signal(self, number: int) -> None:
        """Does nothing when it has ended already."""
        self.keeper.ask({"signal": number, "pid": self.pid})

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        code: int | None = self.keeper.ask({"poll": self.pid})["code"]
        return code

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} did not end within {timeout:g} s")
            time.sleep(POLL_EVERY)
        return code


class Process:
    """One service as a process, to be stopped, killed and started again at will from asyncio code."""

    def __init__(
        self,
        keeper: Keeper,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path | None = None,
    ) -> None:
        """`env` is added to this process's own; `log` is kept over restarts."""
        self.name = name
        self.log = log or keeper.directory / f"{name}.log"
        self._keeper = keeper
        self._argv = argv
        self._env = {**os.environ, **env}
        self._child: Child | None = None

    def start(self) -> None:
        if self.alive:
            raise RuntimeError(f"{self.name} runs already")
        self._child = self._keeper.start(self._argv, env=self._env, log=self.log)

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def exit_code(self) -> int | None:
        """Negative for a signal; None while it runs."""
        return self._started().poll()

    async def wait(self, timeout: float) -> int:  # noqa: ASYNC109 - the deadline belongs to the thread that waits
        """Until it ends by itself; its exit code."""
        return await asyncio.to_thread(self._started().wait, timeout)

    async def terminate(self, timeout: float = 40) -> int:  # noqa: ASYNC109 - as above
        """SIGTERM, and its exit code; TimeoutError when it does not heed it."""
        return await self._end(signal.SIGTERM, timeout)

    async def kill(self) -> int:
        return await self._end(signal.SIGKILL, timeout=5)

    def send(self, number: int) -> None:
        """A signal, such as SIGSTOP and SIGCONT for a process that freezes for a while."""
        self._started().signal(number)

    async def restart(self) -> None:
        """Killed (if it still runs) and started, as a crash and its supervisor would."""
        await self.kill()
        self.start()

    async def wait_ready(self, url: str, timeout: float = 30) -> None:  # noqa: ASYNC109 - as above
        """Until `url`/readyz says 200; DependencyError with the last line of its log when it ends before."""
        deadline = time.monotonic() + timeout
        while not await asyncio.to_thread(_says_ready, f"{url.rstrip('/')}/readyz"):
            if not self.alive:
                raise DependencyError(
                    f"{self.name} ended with code {self.exit_code} before it was ready: {last_line(self.log)}"
                )
            if time.monotonic() > deadline:
                raise DependencyError(f"{self.name} was not ready after {timeout:g} s: {last_line(self.log)}")
            await asyncio.sleep(POLL_EVERY)

    async def _end(self, number: int, timeout: float) -> int:  # noqa: ASYNC109 - as above
        child = self._started()
        await asyncio.to_thread(child.signal, number)
        try:
            return await asyncio.to_thread(child.wait, timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{self.name}: {error}; its log ends: {last_line(self.log)}") from error

    def _started(self) -> Child:
        if self._child is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._child


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")


def _says_ready(url: str) -> bool:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "127.0.0.1", address.port, timeout=1
    )  # never a proxy
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
