"""`kaiwa top` over HTTP: what answers as a service does, what does not, and what its exit code says.

Broken by: an answer that ends the command with a traceback, or a process that is away and not told of.
"""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kaiwa.runtime.metrics import expose

TOP = (sys.executable, "-c", "from kaiwa.runtime.cli import main; main()", "top", "--every", "0.2")
METRICS = expose("dispatcher")
ANSWERS: dict[str, tuple[int, bytes]] = {
    "/well/metrics": (200, METRICS),
    "/well/readyz": (200, b"ok\n"),
    "/waits/metrics": (200, METRICS),
    "/waits/readyz": (503, b"no partitions\n"),
    "/mute/metrics": (200, METRICS),
    "/page/metrics": (200, b"<html></html>"),
    "/bytes/metrics": (200, b"\xff\xfe\x00\x01" * 9),
    "/empty/metrics": (200, b""),
    "/broken/metrics": (500, b"no"),
}


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/cut/"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf")
            return
        status, body = ANSWERS.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def ask(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "XDG_STATE_HOME": str(home), "HTTP_PROXY": "http://127.0.0.1:9", "COLUMNS": "120"}
    env.pop("KAIWA_TOP_URL", None)
    return subprocess.run([*TOP, *words], capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize(
    ("path", "code", "why"),
    [
        ("well", 0, None),
        ("waits", 1, "no partitions"),
        ("mute", 1, "404"),
        ("page", 3, "what answers there shows no metrics"),
        ("bytes", 3, "what answers there shows no metrics"),
        ("empty", 3, "what answers there is not Kaiwa"),
        ("broken", 3, "answers 500"),
        ("missing", 3, "answers 404"),
        ("cut", 3, "its answer was cut off"),
    ],
)
def test_what_answers(server: str, tmp_path: Path, path: str, code: int, why: str | None) -> None:
    done = ask("--json", "--url", f"a={server}/{path}", home=tmp_path)
    assert done.returncode == code, done.stderr
    (process,) = json.loads(done.stdout)["processes"]
    assert (process["name"], process["up"], process["why"]) == ("a", code != 3, why)
    assert done.stderr == (
        "" if code != 3 else "no answer from a: is it started, and is its address right?\n"
    )


def test_who_does_not_answer_at_all(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [each.getsockname()[1] for each in (deaf, closed)]
        closed.close()
        urls = [f"--url=http://127.0.0.1:{port}" for port in ports]
        done = ask("--json", *urls, home=tmp_path)
    assert done.returncode == 3
    told = [each["why"] for each in json.loads(done.stdout)["processes"]]
    assert told == ["no answer within 2 s", "Connection refused"]


def test_a_frame_for_a_pipe_is_one_and_names_who_was_not_named(server: str, tmp_path: Path) -> None:
    done = ask("--url", f"{server}/well", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Are messages going out?") == 1
    assert " dispatcher " in done.stdout


def test_in_a_terminal_it_stays_and_ctrl_c_ends_it(server: str) -> None:
    """The screen is drawn again and again, and given back."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "50"}
    top = subprocess.Popen(
        [*TOP, "--url", f"{server}/well"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        start_new_session=True,
    )
    os.close(theirs)
    screen, deadline = b"", time.monotonic() + 60
    while screen.count(b"Are messages going out?") < 3:
        assert time.monotonic() < deadline, screen
        screen += os.read(ours, 65536)
    top.send_signal(signal.SIGINT)
    while top.poll() is None:
        try:
            screen += os.read(ours, 65536)
        except OSError:
            break  # the other side is closed
    os.close(ours)
    assert top.wait(60) == 0
    assert b"\x1b[?1049l" in screen, "the screen that was there before is shown again"
