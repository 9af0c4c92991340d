"""Promise: the broker runs only jars that are byte for byte the locked ones, however they got there."""

import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kaiwa.devstack.artifacts import Jar, Source, cache_folder, ensure, is_sound, read_lock
from kaiwa.devstack.ports import free_port
from kaiwa.runtime.errors import DependencyError


@dataclass
class Repository:
    """A Maven repository on loopback, answering from the cache of this machine or, if told so, with other bytes."""

    lies: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def source(self) -> Source:
        return Source({"local": self.url})


@pytest.fixture
def repository() -> Iterator[Repository]:
    ensure()
    repository = Repository()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            file = cache_folder(read_lock().version) / name
            if not file.exists():  # its checksum file: the lock is what counts
                self.send_error(404)
                return
            repository.asked.append(name)
            body = b"other bytes" if repository.lies else file.read_bytes()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        repository.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield repository
        server.shutdown()
        serving.join()


@pytest.fixture
def damaged(tmp_path: Path) -> Jar:
    """A cache with everything in `tmp_path`, one jar of it cut short; that jar."""
    victim = min(read_lock().jars, key=lambda jar: jar.size)
    for path in ensure():
        if path.name == victim.file:
            (tmp_path / path.name).write_bytes(path.read_bytes()[:-1])
        else:
            (tmp_path / path.name).symlink_to(path)
    return victim


def test_a_damaged_jar_is_found_and_it_alone_fetched_again(
    tmp_path: Path, damaged: Jar, repository: Repository
) -> None:
    """Breaks when a file that is there is believed without its checksum."""
    paths = ensure(tmp_path, repository.source())
    assert repository.asked == [damaged.file]
    assert is_sound(tmp_path / damaged.file, damaged)
    assert [path.name for path in paths] == [jar.file for jar in read_lock().jars]
    assert not list(tmp_path.glob(".partial-*"))
    assert ensure(tmp_path, Source({})) == paths


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path, damaged: Jar, repository: Repository) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(ensure, tmp_path, repository.source()) for _ in range(2)]
    assert both[0].result() == both[1].result()
    assert is_sound(tmp_path / damaged.file, damaged)


def test_other_bytes_than_the_locked_ones_are_refused(
    tmp_path: Path, damaged: Jar, repository: Repository
) -> None:
    """Breaks when what was fetched is not checked."""
    repository.lies = True
    with pytest.raises(DependencyError, match=rf"cannot fetch {damaged.file} .* SHA-256"):
        ensure(tmp_path, repository.source())
    assert not is_sound(tmp_path / damaged.file, damaged)


def test_without_a_network_the_error_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    nowhere = Source({"nowhere": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(DependencyError, match="check the network and the proxy settings") as raised:
        ensure(tmp_path, nowhere)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())
