"""A platform without doors: state, sending desk and stage, with time as an argument."""

import pytest
from play import Play


@pytest.fixture
def play() -> Play:
    return Play()
