"""The dispatcher's disclosure is switched off, with everything else at work, and the audit finds it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from compliance_rig import SLACK, until
from dispatcher_rig import DispatcherRig

from kaiwa.devstack.stack import Stack
from kaiwa.simulator.simulator import Person


@pytest.fixture
async def whole(stack: Stack, database: str, tmp_path: Path) -> AsyncIterator[DispatcherRig]:
    async with DispatcherRig(stack, database, tmp_path) as made:
        await made.ingest()
        await made.compliance(KAIWA_COMPLIANCE__AUDIT_PATIENCE="2")
        yield made


async def answered(whole: DispatcherRig, customer: Person) -> None:
    outcome = await whole.final(await whole.ask(customer, "Yes, in blue."))
    assert outcome.state == "sent", outcome
    assert await whole.sim.settled()


@pytest.mark.timeout(240)
async def test_a_dispatcher_that_says_nothing_is_found(whole: DispatcherRig) -> None:
    """Webhook, ingest, dispatcher, Graph, echo, compliance: first as it is, then with its gate opened.

    Broken by: an audit that asks the dispatcher, or that takes what it says for what went out.
    """
    honest = await whole.dispatcher()
    told = await whole.customer("Is it in stock?")
    await answered(whole, told)
    assert await honest.terminate() == 0
    await whole.silent_dispatcher()
    untold = await whole.customer("Is it in stock?")
    await answered(whole, untold)

    async def judged() -> bool:
        rows = await whole.db.fetch(
            "select trigger, state from compliance.verdicts where kind = 'disclosure' order by state"
        )
        return [tuple(row) for row in rows] == [("start", "delivered"), ("start", "missing")]

    await until(judged, within=2 * SLACK, what="one delivered, one missing")

    async def counted() -> bool:
        shown = await whole.metrics("compliance")
        return 'kaiwa_compliance_audit_findings_open{kind="disclosure",state="missing"} 1.0' in shown

    await until(counted, within=SLACK, what="one missing disclosure in the metrics")
