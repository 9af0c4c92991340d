"""One installation per file: Meta, an ingest, a dispatcher; each test brings an account of its own."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from dispatcher_rig import DispatcherRig
from door import DoorCaller

from kaiwa.devstack.stack import Stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[DispatcherRig]:
    """With the ``SETTINGS`` of its file, if it has any."""
    name = f"dispatcher_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("rig")
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        await made.dispatcher(**getattr(request.module, "SETTINGS", {}))
        yield made
    stack.drop_database(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(rig: DispatcherRig) -> AsyncIterator[DoorCaller]:
    async with DoorCaller(rig) as made:
        yield made
