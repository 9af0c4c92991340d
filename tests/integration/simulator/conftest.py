"""A box on loopback with one shop on each host, and a callback that listens to it."""

from collections.abc import AsyncIterator

import pytest
from callback import Callback, callback
from town import SETTINGS, Town

from kaiwa.meta.signatures import App
from kaiwa.simulator.simulator import Simulator


@pytest.fixture
async def hook() -> AsyncIterator[Callback]:
    secrets = [App("1001", b"meta-secret"), App("1001", b"instagram-secret")]
    async with callback(secrets) as made:
        yield made


@pytest.fixture
async def town(hook: Callback) -> AsyncIterator[Town]:
    async with Simulator(seed=7, delivery=SETTINGS) as sim, Town(sim, hook) as made:
        yield made
