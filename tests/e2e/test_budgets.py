"""Faults made for real in a running Kaiwa, mended as the runbooks say, and the expressions of their alerts before and after.

Minutes are seconds here: limits on ages and windows are cut, and whether an alert waits long enough, promtool tells
(`tests/chart`). Broken by: an age that stands still while its loop waits, a budget that burns only once all is well again.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio
from prometheus import Prometheus

from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.installation import Installation
from kaiwa.devstack.monitoring.alerts import ALERTS
from kaiwa.devstack.monitoring.slos import SLOS
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import running
from kaiwa.simulator.actions import Revoke
from kaiwa.simulator.faults import Fault

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SEEN_WITHIN = 120.0
WINDOW = "10s"
QUICK, UNPROVEN = "10", "40"
"""Seconds: longer than a question or a doubt takes here, and than a record takes to be gone."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    slow = {"KAIWA_DISPATCHER__SETTLE_AFTER": "60"}  # nobody asks before the login is gone
    shops = [Shop("Busy"), Shop("Gone"), Shop("Unsaid")]
    with running() as stack:
        kaiwa = Installation(stack, stack.keeper.directory / "kaiwa", shops=shops, settings=slow)
        async with kaiwa, opened(kaiwa) as ready:
            yield ready


def burning(name: str, *, limit: tuple[str, str] = ("", "")) -> tuple[str, str]:
    """An objective whose budget burns so fast that somebody is woken, and one whose budget does not."""
    slo = next(slo for slo in SLOS if slo.name == name)
    bad = slo.bad.replace(*limit)
    assert not limit[0] or bad != slo.bad
    ratio = f"({bad}) / ({slo.total} > 0)".format(w=WINDOW).replace(":1m]", ":1s]")
    most = 14.4 * slo.budget
    return f"{ratio} > {most}", f"{ratio} <= {most}"


@asynccontextmanager
async def locked(stage: Stage, table: str, mode: str) -> AsyncIterator[None]:
    """By a session that somebody forgot; the runbooks end it."""
    connection = await asyncpg.connect(stage.kaiwa.env["KAIWA_POSTGRES__DSN"])
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in {mode} mode")
            yield
    finally:
        await connection.close()


async def limited(stage: Stage, **limits: int) -> None:
    """The busy shop asks for less than the platform grants, or for all of it again."""
    registry = stage.kaiwa.folder / "accounts.json"
    rows = json.loads(registry.read_text())
    rows[0]["limits"] = limits
    registry.write_text(json.dumps(rows))
    await stage.kaiwa.kaiwa("accounts", "apply", str(registry))


async def test_messages_that_wait_for_their_turn(stage: Stage, prometheus: Prometheus) -> None:
    """A limit far below what is asked for: KaiwaHandoverBudgetBurns."""
    burns, rests = burning("handover")
    await limited(stage, text_per_second=1)
    customer = await stage.customer("Busy")
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} Hello")))
    *_, last = [await stage.say(customer, f"news {number}") for number in range(15)]
    assert await prometheus.has(burns, within=SEEN_WITHIN)
    await limited(stage)
    await stage.sent(last)
    async with asyncio.timeout(SEEN_WITHIN):
        while not await prometheus.ask(rests):
            await stage.sent(await stage.say(customer, "at once"))


async def test_a_doubt_that_nothing_settles(stage: Stage, prometheus: Prometheus) -> None:
    """A call that is cut off, and a login that ends before anybody can look: KaiwaDoubtBudgetBurns."""
    burns, rests = burning("doubt", limit=("600", QUICK))
    customer = await stage.customer("Gone")
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} Hello")))
    await stage.remote.fault(Fault(effect="reset", when="before", marker="nobody knows"))
    request = await stage.say(customer, "nobody knows")
    assert await prometheus.has("max(kaiwa_dispatcher_in_doubt) == 1", within=SEEN_WITHIN)
    await stage.remote.act([Revoke(account_id=customer.account_id)])
    assert await prometheus.has(burns, within=SEEN_WITHIN)
    assert request in await stage.kaiwa.kaiwa("sends", "list", "--state", "in_doubt")
    assert "doubt_since" in await stage.kaiwa.kaiwa("sends", "show", request)
    await stage.kaiwa.kaiwa("sends", "settle", request, "--not-sent")
    assert await prometheus.has(rests, within=SEEN_WITHIN)


async def test_a_record_whose_absence_nobody_reads(stage: Stage, prometheus: Prometheus) -> None:
    """The verifier cannot write down what it saw: KaiwaAbsenceBudgetBurns, and not only once it can."""
    burns, rests = burning("absence", limit=("3600", UNPROVEN))
    mid = await stage.write(await stage.customer("Unsaid"), f"{stage.number()} unsaid")
    await stage.answered(mid)
    await stage.remote.unsend(mid)
    assert await prometheus.has("max(kaiwa_compliance_unverified_age_seconds) > 0", within=SEEN_WITHIN)
    async with locked(stage, "compliance.cases", "share"):
        assert await prometheus.has(burns, within=SEEN_WITHIN)
        assert "tombstoned" in await stage.kaiwa.kaiwa("deletions", "list", "--open")
    assert await prometheus.has(rests, within=SEEN_WITHIN)


async def test_messages_that_do_not_go_out(stage: Stage, prometheus: Prometheus) -> None:
    """The scheduler cannot write down what it begins: KaiwaNothingSent, where the objective has nothing to count."""
    expr = next(alert.expr for alert in ALERTS if alert.name == "KaiwaNothingSent")
    silent = expr.replace("300", QUICK).replace("5m", WINDOW)
    assert silent != expr
    customer = await stage.customer("Unsaid")
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} Hello")))
    assert await prometheus.ask(silent) == []
    async with locked(stage, "dispatcher.parts", "share"):
        request = await stage.say(customer, "late")
        assert await prometheus.has(silent, within=SEEN_WITHIN)
    await stage.sent(request)
    assert await prometheus.has(f"absent({silent})", within=SEEN_WITHIN)


async def test_an_audit_that_learns_nothing(stage: Stage, prometheus: Prometheus) -> None:
    """Its loop waits for a lock: KaiwaAuditBehind."""
    expr = next(alert.expr for alert in ALERTS if alert.name == "KaiwaAuditBehind")
    behind = expr.replace("1800", QUICK)
    assert behind != expr
    assert await prometheus.ask(behind) == []
    async with locked(stage, "compliance.audit_read", "access exclusive"):
        assert await prometheus.has(behind, within=SEEN_WITHIN)
    assert await prometheus.has(f"absent({behind})", within=SEEN_WITHIN)
