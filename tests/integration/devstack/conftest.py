"""A folder of a test's own that PostgreSQL's user may enter, which pytest's `tmp_path` is not to root."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kaiwa-test-") as made:
        Path(made).chmod(0o711)
        yield Path(made)
