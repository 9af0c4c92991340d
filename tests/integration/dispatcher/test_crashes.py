"""Promise 3 under SIGKILL at each named point: the request ends, and nothing was posted twice."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.devstack.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = {
    "dispatcher.claimed": {"sent"},
    "dispatcher.sending_committed": {
        "failed"
    },  # no call was made, and nobody can know: looked for, not found
    "dispatcher.answered": {"sent"},
    "dispatcher.outbox_published": {"sent"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    name = f"crashes_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("crashes")
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        yield made
    stack.drop_database(name)


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_neither_loses_nor_repeats(rig: DispatcherRig, point: str) -> None:
    """Breaks when `sending` is not committed before the call, when a lease that is over gives a call back to the
    queue, or when an outbox row is removed before Kafka has it.
    """
    person = await rig.customer()
    await rig.dispatcher()
    await rig.drained()  # of the account's own record: the crash is to meet the request
    await rig.services["dispatcher"].terminate()
    doomed = await rig.dispatcher(KAIWA_CRASH_AT=point)
    request = await rig.ask(person, f"crash at {point}", author=HUMAN)
    await doomed.wait(20)
    assert doomed.exit_code == -9

    await rig.dispatcher()
    outcome = await rig.final(request)
    await rig.services["dispatcher"].terminate()

    assert outcome.state in POINTS[point]
    posts = rig.sim.books.posts(f"crash at {point}")
    assert len(posts) == (1 if outcome.state == "sent" else 0)
    assert len({o.seq for o in rig.outcomes[request]}) == outcome.seq, "no outcome is missing"
