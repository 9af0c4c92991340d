from collections import Counter
from pathlib import Path

import pytest

from kaiwa.devstack.artifacts import Jar, cache_folder, ensure, is_sound, read_lock
from kaiwa.runtime.errors import SettingsError

JAR = Jar(
    group="g", artifact="a", version="1", file="a-1.jar", size=5,
    sha256="2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
)  # fmt: skip


def test_the_lock_names_the_whole_closure_once_each() -> None:
    lock = read_lock()
    assert len(lock.jars) == 46
    assert set(Counter(jar.file for jar in lock.jars).values()) == {1}
    for jar in lock.jars:
        assert jar.file == f"{jar.artifact}-{jar.version}.jar"
        assert len(bytes.fromhex(jar.sha256)) == 32
        assert jar.size > 0


def test_the_locks_version_is_the_brokers() -> None:
    lock = read_lock()
    versions = {jar.artifact: jar.version for jar in lock.jars}
    assert versions["kafka_2.13"] == versions["kafka-clients"] == lock.version == "4.2.0"
    assert versions["slf4j-simple"] == versions["slf4j-api"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/elsewhere"}, Path("/elsewhere/kaiwa/kafka-4.2.0")),
        ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache/kaiwa/kafka-4.2.0"),
        ({}, Path.home() / ".cache/kaiwa/kafka-4.2.0"),
    ],
)
def test_the_cache_is_the_users(environ: dict[str, str], expected: Path) -> None:
    assert cache_folder("4.2.0", environ) == expected


@pytest.mark.parametrize(
    ("content", "sound"), [(b"hello", True), (b"hellO", False), (b"", False), (None, False)]
)
def test_a_jar_is_sound_when_its_bytes_are_the_locked_ones(
    tmp_path: Path, content: bytes | None, sound: bool
) -> None:
    path = tmp_path / JAR.file
    if content is not None:
        path.write_bytes(content)
    assert is_sound(path, JAR) is sound


def test_a_cache_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="XDG_CACHE_HOME"):
        ensure(tmp_path / "file" / "kafka")
