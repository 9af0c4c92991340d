"""Watched files: a new version is seen through edits and links, a broken one changes nothing."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.files import Watched


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_edit_is_seen_at_the_next_look(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "n"
    path.write_text("1")
    watched = Watched(path, int, monotonic=clock)
    path.write_text("22")
    clock.now = 0.9
    assert watched.value == 1
    clock.now = 1.0
    assert watched.value == 22


def test_a_link_that_is_swapped_is_seen(tmp_path: Path, clock: Clock) -> None:
    """Kubernetes: the file is a link into `..data`, itself a link to a dated folder, replaced by rename."""
    for name, text in (("one", "1"), ("two", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "n").write_text(text)
        os.utime(tmp_path / name / "n", (1, 1))
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "n").symlink_to("..data/n")
    watched = Watched(tmp_path / "n", int, monotonic=clock)
    assert watched.value == 1
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").rename(tmp_path / "..data")
    clock.now = 1
    assert watched.value == 2


@pytest.mark.parametrize("broken", ["no number", "", None])
def test_a_broken_version_keeps_the_last_good_one(tmp_path: Path, clock: Clock, broken: str | None) -> None:
    path = tmp_path / "n"
    path.write_text("1")
    watched = Watched(path, int, monotonic=clock)
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)
    clock.now = 1
    assert watched.value == 1
    path.write_text("333")
    clock.now = 2
    assert watched.value == 333


def test_a_broken_version_is_reported_once(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "n"
    path.write_text("1")
    watched = Watched(path, int, monotonic=clock)
    path.write_text("no number")
    with capture_logs() as lines:
        for clock.now in (1, 2, 3):
            assert watched.value == 1
    assert [line["log_level"] for line in lines] == ["error"]


def test_the_first_version_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Watched(tmp_path / "n", int)
