"""Faults made for real in a running Kaiwa, and the expressions of their alerts on what a real Prometheus scrapes.

Whether an alert waits long enough, promtool tells (`tests/chart`); here, whether its expression sees the fault at all.
Broken by: a gauge that is not set, a counter whose first burst `increase` does not see, a look that gives up.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import httpx
import pytest
import pytest_asyncio
from prometheus import Prometheus

from kaiwa.bus.cluster import cluster
from kaiwa.bus.records import Outgoing
from kaiwa.bus.topics import Alter
from kaiwa.contracts import topics
from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.installation import INGEST, Installation
from kaiwa.devstack.monitoring.alerts import ALERTS
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import running
from kaiwa.runtime.settings import Kafka
from kaiwa.simulator.actions import Revoke, Type

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SHOP = "Blue Moon"
SEEN_WITHIN = 90.0
"""Seconds: topics' settings and the ledger are looked at once a minute."""
EXPRESSIONS = {alert.name: alert.expr for alert in ALERTS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    quick = {"KAIWA_COMPLIANCE__AUDIT_PATIENCE": "2"}
    with running() as stack:
        folder = stack.keeper.directory / "kaiwa"
        kaiwa = Installation(stack, folder, shops=[Shop(SHOP), Shop("Red Sun")], settings=quick)
        async with kaiwa, opened(kaiwa) as ready:
            yield ready


async def settings_that_keep(stage: Stage) -> None:
    kafka = Kafka(bootstrap_servers=stage.kaiwa.stack.bootstrap_servers)
    async with cluster(kafka) as found:
        own = (await found.existing([topics.EVENTS]))[topics.EVENTS].overrides
        await found.apply([Alter(topics.EVENTS, {}, {**own, "max.compaction.lag.ms": "86400000"})])


async def an_altered_ledger(stage: Stage) -> None:
    """Past the triggers, as somebody who owns the database could; of an entry that a checkpoint covers."""
    connection = await asyncpg.connect(stage.kaiwa.env["KAIWA_POSTGRES__DSN"])
    try:
        customer = await stage.customer(SHOP)
        mid = await stage.write(customer, f"{stage.number()} unsaid")
        await stage.answered(mid)
        await stage.remote.unsend(mid)
        async with asyncio.timeout(SEEN_WITHIN):
            while not await connection.fetchval("select exists (select from compliance.checkpoints)"):  # noqa: ASYNC110 - no event announces a checkpoint
                await asyncio.sleep(0.2)
        await connection.execute(
            "alter table compliance.entries disable trigger user;"
            "update compliance.entries set recorded_at = recorded_at + interval '1 second' where seq = 0;"
            "alter table compliance.entries enable trigger user"
        )
    finally:
        await connection.close()


async def a_holder_that_says_nothing(stage: Stage) -> None:
    await stage.kaiwa.kaiwa("holders", "add", "crm", "--deadline", "1")
    customer = await stage.customer(SHOP)
    await stage.kaiwa.kaiwa("deletions", "request", "--account", customer.account_id, "--customer", "1111")


async def requests_that_are_none(stage: Stage) -> None:
    await stage.publish(*(Outgoing(topics.SENDS, b"a:b", b"no request %d" % number) for number in range(60)))


async def bodies(stage: Stage, secret: str) -> None:
    """Two dozen that are no JSON, signed with this."""
    async with httpx.AsyncClient() as meta:
        for number in range(24):
            body = b"no JSON %d" % number
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            await meta.post(
                stage.kaiwa.webhook, content=body, headers={"X-Hub-Signature-256": f"sha256={signature}"}
            )


async def bodies_of_strangers(stage: Stage) -> None:
    await bodies(stage, "none of ours")


async def bodies_that_nobody_reads(stage: Stage) -> None:
    apps = (stage.kaiwa.folder / "apps").read_text()
    await bodies(stage, apps.split()[1])


async def a_person_nobody_knows(stage: Stage) -> None:
    await stage.remote.forget_me("218471")


async def another_app(stage: Stage) -> None:
    customer = await stage.customer(SHOP)
    typed = Type(
        account_id=customer.account_id, customer_id=customer.customer_id, text="Buy now", app_id="777"
    )
    await stage.remote.act([typed])


async def a_login_that_ends(stage: Stage) -> None:
    customer = await stage.customer("Red Sun")
    await stage.remote.act([Revoke(account_id=customer.account_id)])
    await stage.write(customer, f"{stage.number()} Hello")  # and the bot's answer is refused


FAULTS: list[tuple[str, Callable[[Stage], Awaitable[None]]]] = [
    ("KaiwaSettingsDrift", settings_that_keep),
    ("KaiwaLedgerAltered", an_altered_ledger),
    ("KaiwaReceiptOverdue", a_holder_that_says_nothing),
    ("KaiwaQuarantineGrows", requests_that_are_none),
    ("KaiwaAuditFindings", another_app),
    ("KaiwaAccountsNeedLogin", a_login_that_ends),
    ("KaiwaRequestsWait", a_person_nobody_knows),
    ("KaiwaSignaturesRefused", bodies_of_strangers),
    ("KaiwaFuseOpen", bodies_that_nobody_reads),
]


async def test_each_fault_is_seen_by_its_alert(stage: Stage, prometheus: Prometheus) -> None:
    """All are silent; each fault is made, and each is seen. What ends ingest comes last: its series go with it."""
    for alert, _ in FAULTS:
        assert await prometheus.ask(EXPRESSIONS[alert]) == [], alert
    for _, fault in FAULTS:
        await fault(stage)
    await seen(prometheus, *(alert for alert, _ in FAULTS))
    await stage.kaiwa.processes[INGEST].kill()
    await seen(prometheus, "KaiwaServiceDown")


async def seen(prometheus: Prometheus, *alerts: str) -> None:
    found = await asyncio.gather(
        *(prometheus.has(EXPRESSIONS[alert], within=SEEN_WITHIN) for alert in alerts)
    )
    assert not [alert for alert, was in zip(alerts, found, strict=True) if not was]
