"""What every tier stands on: the pure tiers open no socket, the others share one real Kafka and PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket

from kaiwa.devstack.stack import Stack, running

TESTS = Path(__file__).parent
PURE_TIERS = {"unit", "contract"}


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path.relative_to(TESTS).parts[0] in PURE_TIERS:
        disable_socket(
            allow_unix_socket=True
        )  # the event loop's own pair of sockets; pytest-socket undoes it


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running Kafka and PostgreSQL for the whole session: use names of your own (topics, groups, databases)."""
    with running() as started:
        yield started


@pytest.fixture
def database(stack: Stack) -> Iterator[str]:
    """The DSN of a new, empty database; dropped afterwards, also under clients that forgot to leave."""
    name = f"test_{uuid.uuid4().hex}"
    yield stack.create_database(name)
    stack.drop_database(name)
