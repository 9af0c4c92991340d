"""What Kafka and PostgreSQL have in common: a server that starts, answers, can be killed, frozen, and comes back."""

import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

from kaiwa.devstack.processes import Child, Keeper, last_line
from kaiwa.runtime.errors import DependencyError

START_TIMEOUT = 60.0  # seconds; a start takes two, a busy machine may take longer
STOP_TIMEOUT = 30.0
POLL_EVERY = 0.02


class Controlled(Protocol):
    """A server that may be taken away and given back, whatever runs it; see `Server` for what each of these means."""

    @property
    def alive(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self, *, kill: bool = False) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Broker(Controlled, Protocol):
    """A Kafka whose own files can be read: `log_dir` holds a folder for each partition."""

    bootstrap_servers: str
    log_dir: Path


class Server(ABC):
    """Its methods block until done: from asyncio code, `await asyncio.to_thread(server.stop)`."""

    name: str
    stop_signal: signal.Signals = signal.SIGTERM
    crash_signal: signal.Signals = signal.SIGKILL

    def __init__(self, keeper: Keeper, home: Path) -> None:
        self.keeper = keeper
        self.home = home
        self.log = home.with_suffix(".log")
        self._child: Child | None = None

    def start(self) -> None:
        """On the same address and the same data as before; returns when it answers."""
        if self.alive:
            return
        child = self._child = self._launch()
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if child.poll() is not None:
                raise DependencyError(f"{self.name} ended while it started: {last_line(self.log)}")
            if time.monotonic() > deadline:
                raise DependencyError(
                    f"{self.name} does not answer after {START_TIMEOUT:g} s: {last_line(self.log)}"
                )
            time.sleep(POLL_EVERY)

    def stop(self, *, kill: bool = False) -> None:
        """As an operator stops it or, with `kill`, as a crash does: at once, and nothing more is written."""
        if self._child is not None:
            self._child.signal(self.crash_signal if kill else self.stop_signal)
            self._child.signal(signal.SIGCONT)
            self._child.wait(STOP_TIMEOUT)

    def pause(self) -> None:
        """Frozen (SIGSTOP): its connections stay open and nothing answers."""
        if self._child is not None:
            self._child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._child is not None:
            self._child.signal(signal.SIGCONT)

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @abstractmethod
    def _launch(self) -> Child: ...

    @abstractmethod
    def _answers(self) -> bool:
        """True when clients are served, not when a port is open."""
