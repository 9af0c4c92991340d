"""The jars of the Kafka broker: named in `kafka.lock.json`, fetched once, checked by SHA-256 on every start.

The lock names the whole closure, so nothing is resolved at run time: jgo only brings each named jar from the
Maven repository it knows. A jar gets its final name in the cache after its checksum was found right, by an
atomic rename; so two processes may download at once, and what is damaged later is fetched again.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from kaiwa.runtime.errors import DependencyError, SettingsError

ATTEMPTS = 3
DOWNLOADS_AT_ONCE = 6
NETWORK_TIMEOUT = 30


class Jar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: str
    artifact: str
    version: str
    file: str
    size: int
    sha256: str


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    jars: tuple[Jar, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where jars come from: repositories by name, or None for the one that jgo knows by itself."""

    repositories: Mapping[str, str] | None = None


def read_lock() -> Lock:
    text = files("kaiwa.devstack").joinpath("kafka.lock.json").read_bytes()
    return msgspec.json.decode(text, type=Lock)


def cache_folder(version: str, environ: Mapping[str, str] = os.environ) -> Path:
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "kaiwa" / f"kafka-{version}"


def is_sound(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def ensure(folder: Path | None = None, source: Source = Source()) -> list[Path]:
    """The class path of the broker, all of it present and checked."""
    lock = read_lock()
    folder = folder or cache_folder(lock.version)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"cannot make {folder} ({error.strerror}): set XDG_CACHE_HOME to a folder you may write in"
        ) from error
    wanting = [jar for jar in lock.jars if not is_sound(folder / jar.file, jar)]
    if wanting:
        _download(wanting, lock.version, folder, source)
    return [folder / jar.file for jar in lock.jars]


def _download(jars: Sequence[Jar], version: str, folder: Path, source: Source) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool,
    ):
        bar = progress.add_task(f"Apache Kafka {version}, once", total=sum(jar.size for jar in jars))

        def fetch(jar: Jar) -> None:
            _fetch(jar, folder, source)
            progress.advance(bar, jar.size)

        _all(pool, fetch, jars)


def _all(pool: ThreadPoolExecutor, fetch: Callable[[Jar], None], jars: Sequence[Jar]) -> None:
    """The first failure cancels what has not begun: without a network each of them would wait for its timeout."""
    futures = [pool.submit(fetch, jar) for jar in jars]
    try:
        for future in futures:
            future.result()
    finally:
        for future in futures:
            future.cancel()


def _fetch(jar: Jar, folder: Path, source: Source) -> None:
    """Into a folder of its own beside the target, for a rename is atomic within one file system only."""
    problem = ""
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as partial:
            try:
                fetched = _resolve(jar, Path(partial), source)
            except (OSError, RuntimeError) as error:  # requests' errors are OSErrors, jgo's are RuntimeErrors
                problem = f"{type(error).__name__}: check the network and the proxy settings (HTTPS_PROXY)"
                continue
            if is_sound(fetched, jar):
                fetched.replace(folder / jar.file)
                return
            problem = "its SHA-256 is not the one in kafka.lock.json: something between here and there changes files"
    raise DependencyError(f"cannot fetch {jar.file} of Apache Kafka: {problem}")


def _resolve(jar: Jar, repo_cache: Path, source: Source) -> Path:
    from jgo.maven import MavenContext  # noqa: PLC0415 - 0.4 s to import, needed once per machine

    maven = MavenContext(
        repo_cache=repo_cache,
        remote_repos=None if source.repositories is None else dict(source.repositories),
        timeout=NETWORK_TIMEOUT,
    )
    path: Path = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    return path
