"""Promise 3 under SIGKILL at each named point: the request ends, and nothing was posted twice."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from asking import ENDED
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.devstack.processes import Process
from kaiwa.devstack.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = {
    "dispatcher.sending_committed": {
        "failed"
    },  # no call was made, and nobody can know: looked for, not found
    "dispatcher.answered": {"sent"},
    # What tells of its acceptance: the call may have been made by then, or only have been committed to.
    "dispatcher.outbox_published": {"sent", "failed"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    name = f"crashes_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("crashes")
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        yield made
    stack.drop_database(name)


async def doomed_at(rig: DispatcherRig, point: str) -> Process:
    await rig.dispatcher()
    await rig.drained()  # of the account's own record: the crash is to meet the request
    await rig.services["dispatcher"].terminate()
    return await rig.dispatcher(KAIWA_CRASH_AT=point)


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_neither_loses_nor_repeats(rig: DispatcherRig, point: str) -> None:
    """Breaks when `sending` is not committed before the call, when a lease that is over gives a call back to the
    queue, or when an outbox row is removed before Kafka has it.
    """
    person = await rig.customer()
    doomed = await doomed_at(rig, point)
    request = await rig.ask(person, f"crash at {point}", author=HUMAN)
    await doomed.wait(ENDED)
    assert doomed.exit_code == -9

    await rig.dispatcher()
    outcome = await rig.final(request)
    await rig.services["dispatcher"].terminate()

    assert outcome.state in POINTS[point]
    posts = rig.sim.books.posts(f"crash at {point}")
    assert len(posts) == (1 if outcome.state == "sent" else 0)
    assert len({o.seq for o in rig.outcomes[request]}) == outcome.seq, "no outcome is missing"


async def test_claims_of_the_dead_are_sent_by_others(rig: DispatcherRig) -> None:
    """Promise 3: claimed and not committed to, as their slots are far, 220 ms each. Breaks when a lease never ends."""
    shop = await rig.account(entry={"limits": {"text_per_second": 5}})
    people = [rig.sim.customer(shop) for _ in range(4)]
    for person in people:
        person.write("Is it in stock?")
    assert await rig.sim.settled()
    doomed = await doomed_at(rig, "dispatcher.claimed")
    requests = {await rig.ask(person, f"claim {n}", author=HUMAN): n for n, person in enumerate(people)}
    await doomed.wait(ENDED)
    assert doomed.exit_code == -9

    await rig.dispatcher()
    states = {n: (await rig.final(request)).state for request, n in requests.items()}
    await rig.services["dispatcher"].terminate()

    posted = {n: len(rig.sim.books.posts(f"claim {n}")) for n in states}
    assert posted == {n: 1 if state == "sent" else 0 for n, state in states.items()}
    # The one that was committed to when its process died is in doubt, and never sent again.
    assert sorted(states.values()) in (["sent"] * 4, ["failed", *["sent"] * 3])
