"""A Kafka and a PostgreSQL for each test: the ledger's checkpoints of one database are forgeries to another."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from compliance_rig import Rig
from stacks import NewStack

from kaiwa.devstack.stack import Stack


@pytest.fixture
def stack(new_stack: NewStack) -> Iterator[Stack]:
    with new_stack() as started:
        yield started


@pytest.fixture
async def rig(stack: Stack, database: str, tmp_path: Path) -> Rig:
    made = Rig(stack, database, tmp_path)
    await made.prepare()
    return made
