"""The life of a service, as its operator sees it: ports, probes, signals, exit codes, one line of log for each end."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("a_service.py")
PATIENCE = 60.0


class Running:
    """A service process and what it has said so far."""

    def __init__(self, how: str, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, how],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self.logged: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines))
            for stream, lines in ((self.process.stdout, self.said), (self.process.stderr, self.logged))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        lines.extend(line.rstrip("\n") for line in stream)

    def lines(self, event: str) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.logged) if line["event"] == event]

    @property
    def port(self) -> int:
        until(lambda: self.lines("serving"))
        port: int = self.lines("serving")[0]["port"]
        return port

    def get(self, path: str) -> tuple[int, str]:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        ) as client:
            client.request("GET", path)
            answer = client.getresponse()
            assert answer.getheader("server") is None
            return answer.status, answer.read().decode()

    def end(self, number: signal.Signals | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.close()
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    with contextlib.ExitStack() as ending:

        def begin(how: str, **environment: str) -> Running:
            running = Running(how, {"KAIWA_POSTGRES__DSN": "postgresql://u:hunter2@h/d", **environment})
            ending.callback(running.close)
            return running

        yield begin


def test_a_service_shows_where_it_stands(start: Start) -> None:
    """Broken by: a handler of the event loop, which does not run while something blocks that."""
    service = start("well")
    assert service.port
    service.process.send_signal(signal.SIGUSR2)
    until(lambda: any("runtime/app.py" in line for line in service.logged))


def test_a_service_answers_its_probes(start: Start) -> None:
    service = start("well")
    assert service.get("/livez") == (200, "ok\n")
    assert service.get("/readyz") == (200, "ok\n")
    assert service.get("/nowhere")[0] == 404
    status, shown = service.get("/metrics")
    assert status == 200
    assert "kaiwa_loop_lag_seconds_bucket" in shown
    assert service.end(signal.SIGTERM) == 0


def test_what_is_not_ready_says_why(start: Start) -> None:
    service = start("unready")
    assert service.get("/readyz") == (503, "no secrets\n")
    assert service.get("/livez")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_no_request_is_lost(start: Start, number: signal.Signals) -> None:
    """Mutation: give the requests in flight no grace, and the answer is lost."""
    service = start("well")
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(service.get, "/slow")
        until(lambda: "in flight" in service.said)
        service.process.send_signal(number)
        until(lambda: refuses(service.port))
        assert service.process.poll() is None
        service.process.send_signal(signal.SIGUSR1)
        assert answer.result(PATIENCE) == (200, "done")
    assert service.end() == 0
    assert service.said == ["connecting", "in flight", "second ended", "first ended", "closed"]


def refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_a_start_log_names_the_settings_and_no_secret(start: Start) -> None:
    service = start("well")
    service.get("/livez")
    assert service.end(signal.SIGTERM) == 0
    (line,) = service.lines("starting")
    assert line["settings"]["postgres"] == {"dsn": "**********"}
    assert not any("hunter2" in text for text in service.logged)


def test_a_dependency_that_is_away_ends_the_start(start: Start) -> None:
    service = start("away")
    assert service.end() == 3
    (line,) = service.lines("cannot run")
    assert line["explanation"] == "PostgreSQL is away: start it"
    assert service.said == ["connecting", "closed"]
    assert not service.lines("serving")


def test_a_loop_that_fails_ends_the_service(start: Start) -> None:
    service = start("failing")
    assert service.end() == 1
    (line,) = service.lines("a background loop failed, the service stops")
    assert (line["task"], line["error"]) == ("failing", "ValueError")
    assert not any("customer" in text for text in service.logged)
    assert service.said == ["connecting", "second ended", "first ended", "closed"]


def test_a_missing_setting_is_one_line(start: Start) -> None:
    service = start("well", KAIWA_POSTGRES__DSN="")
    assert service.end() == 2
    (line,) = service.logged
    assert line.startswith("KAIWA_POSTGRES__DSN is not set: ")


def test_a_signal_while_connecting_ends_it_at_once(start: Start) -> None:
    service = start("hanging")
    until(lambda: "connecting" in service.said)
    assert service.end(signal.SIGTERM) == 0
    assert service.said == ["connecting", "closed"]


def test_a_port_that_is_taken_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = start("well", KAIWA_HTTP__PORT=str(taken.getsockname()[1]))
        assert service.end() == 2
    (line,) = service.lines("cannot run")
    assert "change KAIWA_HTTP__HOST and KAIWA_HTTP__PORT" in line["explanation"]


def test_a_handler_that_breaks_is_a_500_without_content(start: Start) -> None:
    service = start("well")
    assert service.get("/broken")[0] == 500
    assert service.get("/livez")[0] == 200
    assert service.end(signal.SIGTERM) == 0
    assert any(json.loads(line).get("error") == "ValueError" for line in service.logged)
    assert not any("customer" in text for text in service.logged)
