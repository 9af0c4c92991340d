"""A Kafka and a PostgreSQL for each test: the ledger's checkpoints of one database are forgeries to another."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from compliance_rig import Rig

from kaiwa.devstack.stack import Stack, running


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as started:
        yield started


@pytest.fixture
async def rig(stack: Stack, database: str, tmp_path: Path) -> Rig:
    made = Rig(stack, database, tmp_path)
    await made.prepare()
    return made
