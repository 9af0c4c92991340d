"""What every tier stands on: the pure tiers open no socket, the others share one real Kafka and PostgreSQL."""

import gc
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket
from stacks import NewStack, choose, opener

from kaiwa.devstack.stack import Stack

TESTS = Path(__file__).parent
PURE_TIERS = {"unit", "contract"}
EMBEDDED = ("integration/devstack", "e2e/test_demo.py")
"""They test the embedded stack itself."""

# A shell starts what it puts into the background deaf to ctrl-c, and so would be all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast examples come says something of the machine's load, nothing of the code.
settings.register_profile("kaiwa", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kaiwa")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        choices=("auto", "embedded", "containers"),
        default="auto",
        help="what Kafka and PostgreSQL run on; auto is embedded where that is possible",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--stack") == "containers":
        for item in items:
            if item.path.relative_to(TESTS).as_posix().startswith(EMBEDDED):
                item.add_marker(pytest.mark.skip(reason="it tests the embedded stack itself"))


def pytest_collection_finish() -> None:
    """A collection of garbage walks through all that was imported, for 60 ms and more, in which everything is late."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path.relative_to(TESTS).parts[0] in PURE_TIERS:
        disable_socket(
            allow_unix_socket=True
        )  # the event loop's own pair of sockets; pytest-socket undoes it


@pytest.fixture(scope="session")
def new_stack(request: pytest.FixtureRequest) -> NewStack:
    """Opens a Kafka and a PostgreSQL of the kind that `--stack` asks for."""
    return opener(choose(request.config.getoption("--stack")))


@pytest.fixture(scope="session")
def stack(new_stack: NewStack) -> Iterator[Stack]:
    """A running Kafka and PostgreSQL for the whole session: use names of your own (topics, groups, databases)."""
    with new_stack() as started:
        yield started


@pytest.fixture
def database(stack: Stack) -> Iterator[str]:
    """The DSN of a new, empty database; dropped afterwards, also under clients that forgot to leave."""
    name = f"test_{uuid.uuid4().hex}"
    yield stack.create_database(name)
    stack.drop_database(name)
