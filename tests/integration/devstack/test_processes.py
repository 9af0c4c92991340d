"""A service as a process: ready, stopped, killed, started again."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Keeper, Process
from kaiwa.runtime.errors import DependencyError

SERVICE = """
import http.server, os, sys
class Health(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Health.asked += 1
        self.send_response(200 if self.path == "/readyz" and Health.asked > 2 else 503)
        self.end_headers()
    def log_message(self, *_): pass
print("started with", os.environ["GREETING"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


@pytest.fixture
def keeper(folder: Path) -> Iterator[Keeper]:
    with Keeper(folder) as kept:
        yield kept


async def test_a_service_is_ready_when_it_says_so_and_comes_back_after_a_kill(keeper: Keeper) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    service = Process(keeper, "health", [sys.executable, "-c", SERVICE, str(port)], env={"GREETING": "hello"})
    assert not service.alive
    service.start()
    first = service.pid
    await service.wait_ready(url)
    assert service.alive

    await service.restart()
    await service.wait_ready(url)
    assert service.pid != first

    assert await service.kill() == -signal.SIGKILL
    assert not service.alive
    service.start()
    await service.wait_ready(url)
    assert await service.terminate() == -signal.SIGTERM
    assert service.exit_code == -signal.SIGTERM
    assert service.log.read_text() == "started with hello\n" * 3


async def test_a_service_that_ends_before_it_is_ready_is_quoted(keeper: Keeper) -> None:
    broken = Process(keeper, "broken", [sys.executable, "-c", "raise SystemExit('no token')"], env={})
    broken.start()
    with pytest.raises(DependencyError, match="broken ended with code 1 before it was ready: no token"):
        await broken.wait_ready(f"http://127.0.0.1:{free_port()}")


async def test_a_service_that_never_gets_ready_is_given_up(keeper: Keeper) -> None:
    silent = Process(keeper, "silent", [sys.executable, "-c", "import signal; signal.pause()"], env={})
    silent.start()
    with pytest.raises(DependencyError, match="silent was not ready after"):
        await silent.wait_ready(f"http://127.0.0.1:{free_port()}", timeout=0.2)


async def test_a_service_that_does_not_heed_sigterm_is_reported(keeper: Keeper) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    deaf = Process(keeper, "deaf", [sys.executable, "-c", f"{program}; signal.pause()"], env={})
    deaf.start()
    while not deaf.log.read_text():
        assert deaf.alive
    with pytest.raises(TimeoutError):
        await deaf.terminate(timeout=0.1)
    assert await deaf.kill() == -signal.SIGKILL


async def test_one_process_is_not_started_twice(keeper: Keeper) -> None:
    service = Process(keeper, "once", [sys.executable, "-c", "import signal; signal.pause()"], env={})
    with pytest.raises(RuntimeError, match="has not been started"):
        await service.kill()
    service.start()
    with pytest.raises(RuntimeError, match="runs already"):
        service.start()
