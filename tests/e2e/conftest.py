"""One whole installation, and a stage on it, for the tests of a module; each test has customers of its own.

Topics have fixed names, so each module gets a broker of its own (three seconds).
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from helm import ROOT
from prometheus import Prometheus, scraping
from stacks import NewStack

from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.installation import COMPLIANCE, DISPATCHER, INGEST, Installation
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import Stack

RULES = ROOT / "deploy/helm/kaiwa/files/rules/kaiwa.yaml"


@pytest.fixture(scope="module")
def own_stack(new_stack: NewStack) -> Iterator[Stack]:
    with new_stack() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(own_stack: Stack) -> AsyncIterator[Stage]:
    """The shop "Blue Moon" with the demo's bot at work."""
    installation = Installation(own_stack, own_stack.keeper.directory / "kaiwa", shops=[Shop("Blue Moon")])
    async with installation as kaiwa, opened(kaiwa) as ready:
        yield ready


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    """A real one with the chart's rules, which scrapes the three services."""
    urls = {name: stage.kaiwa.url(name) for name in (INGEST, DISPATCHER, COMPLIANCE)}
    folder = tmp_path_factory.mktemp("prometheus")
    async with scraping(stage.kaiwa.stack.keeper, folder, urls, RULES) as made:
        assert await made.has("count(up == 1) == 3", within=30)
        yield made
