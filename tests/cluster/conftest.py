"""These tests want a cluster that is there: `make cluster-test` makes one, and runs them in their order."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cluster import Cluster
from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.processes import Keeper
from kaiwa.devstack.shops import Shop

SHOP = "Blue Moon"
PATIENCE = 120.0
"""Seconds: a pod that was killed is noticed, started, and has to join its group again."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage() -> AsyncIterator[Stage]:
    """The release of the previous version, with the demo's bot at work."""
    node, chart = os.environ.get("KAIWA_NODE"), os.environ.get("KAIWA_PREVIOUS_CHART")
    if not node or not chart:
        pytest.skip("run `make cluster-test`")
    with Keeper() as keeper:
        cluster = Cluster(keeper, node=node, chart=Path(chart), tag="previous", shop=Shop(SHOP))
        async with cluster as kaiwa, opened(kaiwa, patience=PATIENCE) as ready:
            yield ready
