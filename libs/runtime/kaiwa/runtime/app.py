"""One way to run a service.

    logs → lifespan entered (it connects first; a dependency that is away ends the start with code 3) → port opened →
    serving → SIGTERM or SIGINT → not ready, no new connections, requests in flight end → background loops end, newest
    first → lifespan left → code 0

`/livez`, `/readyz` and `/metrics` are on every service's port. A background loop that fails stops the service with
code 1: a process that lost one of its loops is alive and useless, and only a restart is noticed. SIGUSR2 has it write
where its threads stand, on stderr: files, lines and names of functions, no values.
"""

import asyncio
import contextlib
import faulthandler
import gc
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, NoReturn

import uvloop

from kaiwa.runtime import logs, metrics, telemetry
from kaiwa.runtime.errors import KaiwaError
from kaiwa.runtime.http import AsgiHandler, Receive, Scope, Send, respond
from kaiwa.runtime.listening import MOST_CONNECTIONS, listen, serve
from kaiwa.runtime.routing import router
from kaiwa.runtime.settings import ServiceSettings, describe

_BEAT: Final = 0.25  # seconds between two heartbeats of the event loop
_STALE: Final = 10.0  # seconds without one, after which the process calls itself dead
_SLOW: Final = 10.0  # seconds that a loop has to end before the log says which one it is

_log = logs.get_logger()


def always() -> None:
    """Nothing can go wrong with it: the check of a service that has no other."""


class Background:
    """The loops of a service, which run beside its requests until it stops or one of them fails."""

    def __init__(self, on_failure: Callable[[], None]) -> None:
        self._on_failure = on_failure
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = False

    def start(self, loop: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    async def stop(self) -> None:
        """Cancel and await every loop, newest first: what was started later may use what was started before."""
        while self._tasks:
            task = self._tasks.pop()
            task.cancel()
            while not (await asyncio.wait([task], timeout=_SLOW))[0]:
                _log.warning("a background loop takes long to end", task=task.get_name())

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed = True
            _log.error("a background loop failed, the service stops", task=task.get_name(), exc_info=error)
            self._on_failure()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a service is made of.

    `routes`: handlers by (method, path); a last segment `{name}` stands for any one segment, in `scope["path_params"]`.
    `lifespan`: connects, starts its loops, and closes what it opened; entered before the port opens.
    `ready`, `alive`: None, or the reason why not.
    `max_connections`: a connection above them is closed at once; those who probe come by the same port.
    """

    name: str
    settings: ServiceSettings
    routes: Mapping[tuple[str, str], AsgiHandler]
    lifespan: Callable[[Background], AbstractAsyncContextManager[None]]
    ready: Callable[[], str | None]
    alive: Callable[[], str | None] = always
    max_connections: int = MOST_CONNECTIONS


YOUNG: Final = 100_000
"""Objects between two collections of garbage. A batch makes tens of thousands, hardly any of them in cycles, and all are
freed with it: at the default of 700 the collector takes a fifth of all time (docs/decisions/0009).
"""


def main(build: Callable[[], Service]) -> NoReturn:
    """The whole `__main__` of a service: build it, run it, leave with its code."""
    gc.set_threshold(YOUNG)
    try:
        service = build()
    except KaiwaError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.code)
    gc.freeze()  # the code itself need not be walked through again
    sys.exit(run(service))


def run(service: Service) -> int:
    """Serve until told to stop; the exit code."""
    logs.configure(service.name)
    faulthandler.register(signal.SIGUSR2)  # in C: it answers although the loop is blocked
    _log.info("starting", settings=describe(service.settings))
    try:
        with (
            telemetry.exporting(service.name, service.settings.otel),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            code = runner.run(_Run(service).serve())
    except KaiwaError as error:
        _log.error("cannot run", exc_info=error)  # the message is the answer, its stack is noise
        return error.code
    _log.info("stopped", code=code)
    return code


class _Run:
    """One run of a service, from its first connection to its last."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stopping = asyncio.Event()
        self._background = Background(on_failure=self._stop)
        self._beat = time.monotonic()
        self._starting: asyncio.Task[object] | None = None

    async def serve(self) -> int:
        self._starting = asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        try:
            async with self._service.lifespan(self._background):
                self._starting = None
                try:
                    await self._answer()
                finally:
                    await self._background.stop()
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
        finally:
            await self._background.stop()
        return 1 if self._background.failed else 0

    def _stop(self) -> None:
        self._stopping.set()
        if self._starting is not None:
            # Still connecting: there is no request to wait for.
            self._starting.cancel()

    async def _answer(self) -> None:
        http = self._service.settings.http
        with contextlib.closing(listen(http.host, http.port)) as listener:
            self._background.start(self._heartbeat(), "heartbeat")
            _log.info("serving", port=listener.getsockname()[1])
            handler = router({**self._service.routes, **self._probes()})
            await serve(handler, listener, self._stopping, most=self._service.max_connections)

    async def _heartbeat(self) -> None:
        while True:
            due = time.monotonic() + _BEAT
            await asyncio.sleep(_BEAT)
            self._beat = time.monotonic()
            metrics.LOOP_LAG.observe(max(0.0, self._beat - due))

    def _probes(self) -> dict[tuple[str, str], AsgiHandler]:
        return {
            ("GET", "/livez"): _probe(self._why_dead),
            ("GET", "/readyz"): _probe(self._why_not_ready),
            ("GET", "/metrics"): self._metrics,
        }

    def _why_dead(self) -> str | None:
        if time.monotonic() - self._beat > _STALE:
            return "the event loop is stuck"
        return self._service.alive()

    def _why_not_ready(self) -> str | None:
        return "draining" if self._stopping.is_set() else self._service.ready()

    async def _metrics(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send, 200, metrics.expose(self._service.name), content_type=metrics.CONTENT_TYPE)


def _probe(why_not: Callable[[], str | None]) -> AsgiHandler:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        reason = why_not()
        await respond(send, 200 if reason is None else 503, f"{reason or 'ok'}\n".encode())

    return answer
