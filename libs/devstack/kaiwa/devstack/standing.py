"""What stays after the command that started it: a process in the background and what is known about it.

It holds a lock for as long as it lives, which the kernel lets go however it ends; so "is it up?" never trusts a
pid or a file that a crash left behind. What it started is in the care of a keeper as always: if this process is
killed, all of it ends too. A module with a `stand` in its `main` becomes that process when it is run as a program
(this one: Kafka and PostgreSQL alone), and says on standard output either its state as JSON or, in one line, what
is wrong.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, cast

import msgspec

from kaiwa.devstack.stack import running
from kaiwa.runtime.errors import DependencyError, KaiwaError, SettingsError
from kaiwa.runtime.files import state_folder

MODULE = "kaiwa.devstack.standing"  # not __name__, which is __main__ in that process
DOWN_TIMEOUT = 30.0
POLL_EVERY = 0.02


class State(msgspec.Struct, frozen=True):
    """`environment` holds the variables that lead to what stands, `notes` what else its users should know."""

    pid: int
    environment: dict[str, str]
    notes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is written down that `name` stands for this user; `module` is its program."""

    folder: Path
    name: str = "stack"
    module: str = MODULE

    @classmethod
    def of(
        cls, environ: Mapping[str, str] = os.environ, *, name: str = "stack", module: str = MODULE
    ) -> "Place":
        folder = state_folder(name, environ)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder, name, module)

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """`up` and `down` wait for each other."""
        with self._locked("door", fcntl.LOCK_EX):
            yield

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Held by what stands, for its lifetime."""
        with self._locked("alive", fcntl.LOCK_EX):  # waits only for a glance of `read`
            yield

    def read(self) -> State | None:
        """None when nothing stands; what a crash left behind is removed."""
        try:
            with self._locked("alive", fcntl.LOCK_SH | fcntl.LOCK_NB):
                self.state.unlink(missing_ok=True)
                return None
        except BlockingIOError:
            pass
        try:
            return msgspec.json.decode(self.state.read_bytes(), type=State)
        except FileNotFoundError:
            return None  # it starts, or ends, just now

    def write(self, state: State) -> None:
        draft = self.state.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(state))
        draft.replace(self.state)

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        with (self.folder / name).open("ab") as file:
            fcntl.flock(file, how)
            yield


def start(place: Place) -> State:
    """Start it; returns when it answers. Needs `one_at_a_time`, and nothing that stands."""
    with place.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-m", place.module],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    with cast("IO[bytes]", process.stdout) as answers:
        try:
            said = answers.readline()
        except BaseException:  # Ctrl-C while it starts: it must not stand without having been told of
            process.terminate()
            process.wait()
            raise
    if said.startswith(b"{"):
        process.returncode = 0  # it is let go on purpose: no warning about a child that still runs
        return msgspec.json.decode(said, type=State)
    error = SettingsError if process.wait() == SettingsError.code else DependencyError
    raise error(said.decode().strip() or f"the {place.name} did not start: see {place.log}")


def stop(place: Place, state: State) -> None:
    """Returns when all of it has ended and its data is gone. Needs `one_at_a_time`."""
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_TIMEOUT
    while place.read() is not None:
        if time.monotonic() > deadline:
            raise DependencyError(
                f"the {place.name} (process {state.pid}) does not end: see {place.log}, then kill it"
            )
        time.sleep(POLL_EVERY)


Standing = tuple[Mapping[str, str], Mapping[str, str]]
"""The environment and the notes of a State."""


def stand(place: Place, opened: AbstractContextManager[Standing]) -> None:
    """Open it, say so, and keep it open until SIGTERM."""
    signal.signal(signal.SIGTERM, _leave)
    with place.alive():
        try:
            with opened as (environment, notes):
                state = State(os.getpid(), dict(environment), dict(notes))
                place.write(state)
                _say(msgspec.json.encode(state))
                while True:
                    signal.pause()
        except KaiwaError as error:
            _say(str(error).encode())
            sys.exit(error.code)
        finally:
            place.state.unlink(missing_ok=True)


def main() -> None:
    stand(Place.of(), _stack())


@contextmanager
def _stack() -> Iterator[Standing]:
    # Nothing of the environment: `up` after `down` in one shell must not find its own old variables there.
    with running(environ={}) as stack:
        yield stack.environment, {}


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _say(line: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits any more; the state is in its file
        os.write(sys.stdout.fileno(), line + b"\n")


if __name__ == "__main__":
    main()
