"""Which Kafka and PostgreSQL the tests run on: `pytest --stack=embedded|containers|auto`."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

import pytest
from container_stack import engine_away, running_containers

from kaiwa.devstack import artifacts
from kaiwa.devstack.stack import KAFKA_VARIABLE, Stack, running
from kaiwa.runtime.errors import KaiwaError

Choice = Literal["embedded", "containers"]
NewStack = Callable[[], AbstractContextManager[Stack]]


def choose(wanted: str) -> Choice:
    """`auto` is the embedded stack, or containers where it cannot be had and an engine answers."""
    match wanted:
        case "containers" | "embedded":
            return wanted
        case _ if os.environ.get(KAFKA_VARIABLE) or _embeddable() or engine_away():
            return "embedded"
        case _:
            return "containers"


def opener(choice: Choice) -> NewStack:
    return _on_containers if choice == "containers" else running


def unmet(reason: str) -> None:
    """Something that a test needs is not on this machine: a skip, and a failure where KAIWA_CI_STRICT is 1."""
    if os.environ.get("KAIWA_CI_STRICT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _embeddable() -> bool:
    try:
        artifacts.ensure()
    except KaiwaError:
        return False
    return True


@contextmanager
def _on_containers() -> Iterator[Stack]:
    if reason := engine_away():
        unmet(reason)
    with running_containers() as (stack, _):
        yield stack
