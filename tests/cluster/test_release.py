"""The life of a release on a real cluster, in this order: installed, tested, hurt, upgraded, rolled back."""

import asyncio
import json
import os

import pytest
from crowd import writing

from cluster import CHART, NAMESPACE, RELEASE, WITHIN, Cluster, pod_is_refused
from kaiwa.contracts import topics
from kaiwa.devstack.demo.gathering import remains
from kaiwa.devstack.demo.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(900)]

SHOP = "Blue Moon"
CURRENT = os.environ.get("KAIWA_TAG", "")


def cluster(stage: Stage) -> Cluster:
    assert isinstance(stage.kaiwa, Cluster)
    return stage.kaiwa


async def test_every_pod_is_ready_where_only_restricted_pods_are_let_in(stage: Stage) -> None:
    """Broken by: a pod of the chart that asks for more, a namespace that enforces nothing."""
    kaiwa = cluster(stage)
    pods = await kaiwa.pods()
    assert len(pods) == 6
    for pod in pods:
        conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
        assert conditions["Ready"] == "True", pod["metadata"]["name"]
    namespace = json.loads(await kaiwa.kubectl("get", "namespace", NAMESPACE, "--output=json"))
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    refused = await pod_is_refused({"hostNetwork": True})
    assert 'violates PodSecurity "restricted' in refused


async def test_the_charts_own_test_passes(stage: Stage) -> None:
    said = await cluster(stage).helm("test", RELEASE, "--logs", f"--timeout={WITHIN}")
    assert "Succeeded" in said
    assert "a delivery without a signature is refused: ok" in said


async def test_a_signed_webhook_through_the_service_comes_out_at_meta(stage: Stage) -> None:
    """Meta's pod calls the Service by its name; the dispatcher's pod calls Meta's."""
    customer, number = await stage.customer(SHOP), stage.number()
    await stage.sent(await stage.answered(await stage.write(customer, f"{number} Do you have it in blue?")))
    (call,) = (await stage.remote.books(number)).accepted()
    assert "assistant" in (call.text or "")


async def test_what_was_unsent_is_gone(stage: Stage) -> None:
    customer = await stage.customer(SHOP)
    mid = await stage.write(customer, f"{stage.number()} my code is 9c41e07d55")
    await stage.answered(mid)
    before = set(stage.watch.erasures)
    await stage.remote.unsend(mid)
    await stage.watch.until(lambda: set(stage.watch.erasures) - before, "the erasure is ordered")
    await stage.watch.until(
        lambda: not stage.watch.open_erasures, "the erasure is verified", within=4 * topics.DEV_BOUND
    )
    assert await remains(stage) == frozenset()


@pytest.mark.parametrize("service", ["ingest", "dispatcher", "compliance"])
async def test_a_pod_is_killed_under_load_and_nothing_is_lost(stage: Stage, service: str) -> None:
    """Without a grace period, as a node that is gone. What was in doubt and never left may end as failed, uncalled."""
    kaiwa = cluster(stage)
    async with writing(stage, SHOP) as crowd:
        await asyncio.sleep(2)  # some load first
        victim = next(
            pod["metadata"]["name"]
            for pod in await kaiwa.pods()
            if pod["metadata"]["labels"]["app.kubernetes.io/component"] == service
        )
        await kaiwa.kubectl("delete", "pod", victim, "--grace-period=0", "--force")
        await kaiwa.rolled_out()
    assert crowd.states["sent"] >= len(crowd.mids) - 5, crowd.states
    print(f"{service}: {len(crowd.mids)} messages, {dict(crowd.states)}")  # noqa: T201 - for the closing note


async def test_an_upgrade_under_load_loses_and_doubles_nothing(stage: Stage) -> None:
    """Broken by: a migration that the old pods cannot live with, a stop that drops what it had begun."""
    kaiwa = cluster(stage)
    assert all(image.endswith(":previous") for image in await kaiwa.images())
    async with writing(stage, SHOP) as crowd:
        await kaiwa.upgrade(CHART, CURRENT)
    assert all(image.endswith(f":{CURRENT}") for image in await kaiwa.images())
    assert crowd.states == {"sent": len(crowd.mids)}, crowd.states
    print(f"upgrade: {len(crowd.mids)} messages, {dict(crowd.states)}")  # noqa: T201 - for the closing note


async def test_a_rollback_under_load_loses_and_doubles_nothing(stage: Stage) -> None:
    """The old code on the new schema: what `expand, then contract` promises."""
    kaiwa = cluster(stage)
    async with writing(stage, SHOP) as crowd:
        await kaiwa.helm("rollback", RELEASE, "--wait", f"--timeout={WITHIN}")
        await kaiwa.rolled_out()
    assert all(image.endswith(":previous") for image in await kaiwa.images())
    assert crowd.states == {"sent": len(crowd.mids)}, crowd.states
    print(f"rollback: {len(crowd.mids)} messages, {dict(crowd.states)}")  # noqa: T201 - for the closing note


async def test_the_ledger_is_whole_after_all_of_it(stage: Stage) -> None:
    verdict = json.loads(await cluster(stage).kaiwa("ledger", "verify", "--json"))
    assert verdict["ok"] is True
