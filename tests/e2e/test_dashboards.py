"""Every query of every dashboard, asked of a real Prometheus that scrapes a running Kaiwa.

Broken by: a metric or label that no service shows, a recording rule that never has data, a panel of nothing.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from prometheus import Prometheus, scraping

from kaiwa.contracts.sends import Message
from kaiwa.devstack.demo.stage import Stage, opened, request
from kaiwa.devstack.installation import COMPLIANCE, DISPATCHER, INGEST, Installation
from kaiwa.devstack.monitoring.boards.all import DASHBOARDS
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import running
from kaiwa.simulator.actions import Unsend

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SHOP = "Blue Moon"
RULES = Path(__file__).parents[2] / "deploy/helm/kaiwa/files/rules/kaiwa.yaml"
PATIENCE = 90.0
"""Seconds until an erasure has closed and been scraped: the bound of `--dev` is half a minute."""

QUERIES = [
    pytest.param(query.promql, panel.quiet, id=f"{board.uid}: {panel.title} {place}")
    for board in DASHBOARDS
    for panel in board.panels
    for place, query in enumerate(panel.queries)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    with running() as stack:
        folder = stack.keeper.directory / "kaiwa"
        async with Installation(stack, folder, shops=[Shop(SHOP)]) as kaiwa, opened(kaiwa) as ready:
            yield ready


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    """After a question, its answer, an agent's words, one of them bulk, and an unsend."""
    urls = {name: stage.kaiwa.url(name) for name in (INGEST, DISPATCHER, COMPLIANCE)}
    keeper, folder = stage.kaiwa.stack.keeper, tmp_path_factory.mktemp("prometheus")
    async with scraping(keeper, folder, urls, RULES) as made:
        assert await made.has("count(up == 1) == 3", within=30)
        customer = await stage.customer(SHOP)
        mid = await stage.write(customer, f"{stage.number()} Is it in stock?")
        await stage.sent(await stage.answered(mid))
        await stage.sent(await stage.say(customer, f"{stage.number()} Kim here."))
        news = request(customer, Message(text=f"{stage.number()} News."), lane="bulk")
        await stage.sent(await stage.ask(news))
        await stage.remote.act([Unsend(mid=mid)])
        assert await stage.remote.settled(60)
        await stage.answered(await stage.write(customer, f"{stage.number()} And now the bot has to wait"))
        yield made


@pytest.mark.parametrize(("promql", "quiet"), QUERIES)
async def test_a_panel_has_data(prometheus: Prometheus, promql: str, quiet: bool) -> None:
    """A quiet one is asked as well: it has to be a query, and has data only where something went wrong."""
    asked = promql.replace("$__rate_interval", "2m").replace("$namespace", ".*")
    if quiet:
        await prometheus.ask(asked)
    else:
        assert await prometheus.has(asked, within=PATIENCE), asked


async def test_no_alert_fires_while_all_is_well(prometheus: Prometheus) -> None:
    assert await prometheus.ask('ALERTS{alertstate="firing"}') == []


@pytest.mark.usefixtures("prometheus")  # what it did there is what is looked for here
async def test_top_shows_the_same_without_prometheus(stage: Stage) -> None:
    """What happened before is counted, nothing is away, and nothing alarms while all is well."""
    told = json.loads(await stage.kaiwa.kaiwa("top", "--json", "--every", "0.5"))
    assert [(each["name"], each["ready"]) for each in told["processes"]] == [
        (name, True) for name in (INGEST, DISPATCHER, COMPLIANCE)
    ]
    rows = {each["what"]: each for answers in told["questions"].values() for each in answers}
    assert rows["calls"]["by"]["sent"]["total"] >= 2
    assert rows["events in"]["by"]["message.unsent"]["total"] == 1
    assert rows["disclosures"]["total"] >= 1
    assert rows["accounts"]["by"] == {"active": {"now": 1, "total": None}}
    assert [
        what for what, each in rows.items() if each["now"] is None and not each["metric"].endswith("seconds")
    ] == []
    assert [what for what, each in rows.items() if each["alarming"]] == []
