"""The images that ship, at work: a webhook in, a call of the Graph API out, an unsent message gone."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from container_stack import running_containers
from shipped import USER, Shipped, said

from kaiwa.contracts import topics
from kaiwa.devstack.demo.gathering import remains
from kaiwa.devstack.demo.stage import Stage, opened
from kaiwa.devstack.shops import Shop

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

SHOP = "Blue Moon"
SERVICES = ("ingest", "dispatcher", "compliance")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    with running_containers() as (stack, network):
        folder = stack.keeper.directory / "kaiwa"
        async with Shipped(stack, network, folder, shops=[Shop(SHOP)]) as kaiwa, opened(kaiwa) as ready:
            yield ready


def shipped(stage: Stage) -> Shipped:
    assert isinstance(stage.kaiwa, Shipped)
    return stage.kaiwa


async def test_a_webhook_in_is_a_call_out(stage: Stage) -> None:
    """Broken by: an image without something that its service imports or reads, a port that only loopback reaches."""
    customer, number = await stage.customer(SHOP), stage.number()
    request_id = await stage.answered(await stage.write(customer, f"{number} Do you have it in blue? 青"))
    await stage.sent(request_id)
    (call,) = (await stage.remote.books(number)).accepted()
    assert call.text
    assert "assistant" in call.text, "the first answer discloses itself"
    assert not (await stage.remote.books()).violations()


async def test_what_was_unsent_is_gone(stage: Stage) -> None:
    """Broken by: a compliance that cannot write, elect or publish in its container."""
    customer = await stage.customer(SHOP)
    text = f"{stage.number()} my code is 5d20b1c6e3"
    mid = await stage.write(customer, text)
    await stage.answered(mid)
    stage.prove(text)
    assert stage.proven == {text}, "a blind scanner's word means nothing"
    before = set(stage.watch.erasures)
    await stage.remote.unsend(mid)
    await stage.watch.until(lambda: set(stage.watch.erasures) - before, "the erasure is ordered")
    await stage.watch.until(
        lambda: not stage.watch.open_erasures, "the erasure is verified", within=2 * topics.DEV_BOUND
    )
    assert await remains(stage) == frozenset()


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_has_no_rights_at_all(stage: Stage, name: str) -> None:
    """Broken by: an image that runs as root, or needs a capability or a writable root (then the tests above fail)."""
    container = shipped(stage).container(name)
    assert await container.inspect("{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}") == "true [ALL]\n"
    status = dict(
        line.split(":\t", 1)
        for line in (await said("docker", "exec", container.id, "cat", "/proc/1/status")).splitlines()
    )
    assert set(status["Uid"].split()) == {str(USER)}
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    tried = "import pathlib; pathlib.Path('/opt/kaiwa/x').touch()"
    with pytest.raises(AssertionError, match="Read-only file system"):
        await said("docker", "exec", container.id, "python3", "-c", tried)


async def test_sigterm_is_an_orderly_end(stage: Stage) -> None:
    """Broken by: an entry point in shell form, whose shell swallows the signal."""
    assert await shipped(stage).stop() == dict.fromkeys(SERVICES, 0)
    for name in SERVICES:  # the other tests come in any order
        await shipped(stage).restart(name)
