"""One trace from the webhook to the call, and one to the tombstone, as a collector sees them; and nothing personal in it.

Broken by: a service that begins a trace of its own, an attribute that quotes what was written, a span that is not sent.
"""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from collector import Collector, collecting
from conditions import eventually

from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.installation import Installation
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import running
from kaiwa.simulator.actions import Unsend

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP = "Blue Moon"
PATIENCE = 60.0

WEBHOOK = ("kaiwa-ingest", "POST /webhooks/instagram")
PUBLISHED = ("kaiwa-ingest", "send instagram.events.v1")
CALL = ("kaiwa-dispatcher", "POST messages")
TOMBSTONE = ("kaiwa-compliance", "compliance.tombstones_sent")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(collector: Collector) -> AsyncIterator[Stage]:
    with running() as stack:
        settings = {"KAIWA_OTEL__ENDPOINT": collector.url}
        folder = stack.keeper.directory / "kaiwa"
        async with (
            Installation(stack, folder, shops=[Shop(SHOP)], settings=settings) as kaiwa,
            opened(kaiwa) as ready,
        ):
            yield ready


async def test_a_question_and_its_answer_are_one_trace(stage: Stage, collector: Collector) -> None:
    customer, canary = await stage.customer(SHOP), f"canary-{secrets.token_hex(8)}"
    mid = await stage.write(customer, f"{stage.number()} {canary}")
    request_id = await stage.answered(mid)
    await stage.sent(request_id)
    await eventually(lambda: collector.one_with(WEBHOOK, PUBLISHED, CALL) is not None, within=PATIENCE)

    batches = [span for _, span in collector.spans if span.name == "process instagram.events.v1"]
    trace = collector.one_with(WEBHOOK, CALL)
    assert any(link.trace_id == trace for span in batches for link in span.links), (
        "a batch links to its causes"
    )
    told = b"".join(collector.bodies)
    for secret in (canary, mid, customer.customer_id, customer.account_id, request_id):
        assert secret.encode() not in told


async def test_an_unsend_and_its_tombstone_are_one_trace(stage: Stage, collector: Collector) -> None:
    customer = await stage.customer(SHOP)
    mid = await stage.write(customer, f"{stage.number()} Forget this")
    await stage.sent(await stage.answered(mid))
    await stage.remote.act([Unsend(mid=mid)])
    await eventually(lambda: collector.one_with(WEBHOOK, TOMBSTONE) is not None, within=PATIENCE)
