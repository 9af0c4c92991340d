"""Requests of several messages: in order, resumed at the part that failed, never twice, each part's end told."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from asking import ENDED
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.devstack.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    name = f"units_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("units")
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        yield made
    stack.drop_database(name)


@pytest_asyncio.fixture(loop_scope="module")
async def running(rig: DispatcherRig) -> AsyncIterator[DispatcherRig]:
    await rig.dispatcher()
    yield rig
    await rig.services["dispatcher"].terminate()


def long_text(name: str, parts: int = 3) -> str:
    """A text that is cut into so many messages, each of which begins with its name and number."""
    heads = [f"{name} {n} " for n in range(1, parts + 1)]
    return "".join(head + "x" * (999 - len(head)) + " " for head in heads)


def heads(rig: DispatcherRig, name: str, *, accepted: bool = False) -> list[str]:
    """The numbers of the parts that were posted, in their order."""
    calls = rig.sim.books.accepted(name) if accepted else rig.sim.books.posts(name)
    return [(call.text or "").partition(name)[2].split()[0] for call in calls]


async def test_a_part_that_the_platform_refuses_ends_the_unit(running: DispatcherRig) -> None:
    """Breaks when the rest is sent all the same, or the first part's end is not told."""
    person = await running.customer()
    running.sim.fault("error", marker="refused 2", times=1, when="before", code=100)
    outcome = await running.final(await running.ask(person, long_text("refused"), author=HUMAN))

    assert (outcome.state, outcome.reason) == ("failed", "partial")
    assert [part.state for part in outcome.parts] == ["sent", "failed"]
    assert [part.mid is not None for part in outcome.parts] == [True, False]
    assert heads(running, "refused") == ["1", "2"]


async def test_nothing_follows_a_part_in_doubt_until_it_was_found(running: DispatcherRig) -> None:
    """Promise 3. Breaks when the unit goes on before the second part is settled, or begins anew."""
    person = await running.customer()
    running.sim.fault("reset", marker="found 2", times=1, when="after")
    outcome = await running.final(await running.ask(person, long_text("found"), author=HUMAN))

    assert outcome.state == "sent"
    assert [part.mid for part in outcome.parts] == [c.mid for c in running.sim.books.accepted("found")]
    assert heads(running, "found") == ["1", "2", "3"]


async def test_a_part_that_nobody_finds_ends_the_unit(running: DispatcherRig) -> None:
    person = await running.customer()
    running.sim.fault("reset", marker="lost 2", times=1, when="before")
    outcome = await running.final(await running.ask(person, long_text("lost"), author=HUMAN))

    assert (outcome.state, outcome.reason) == ("failed", "partial")
    assert [part.state for part in outcome.parts] == ["sent", "failed"]
    assert heads(running, "lost") == ["1", "2"]


async def test_a_throttled_part_goes_on_where_it_stopped(running: DispatcherRig) -> None:
    """Breaks when a unit begins anew after a pause, when a message asked for later overtakes it, or when the parts
    that were sent are forgotten.
    """
    person = await running.customer()
    running.sim.fault("error", marker="paused 2", times=1, when="before", code=613)
    unit = await running.ask(person, long_text("paused"), author=HUMAN)
    waiting = await running.deferred(unit, "paused_by_platform")
    assert [part.state for part in waiting.parts] == ["sent"]
    later = await running.ask(person, "paused later", author=HUMAN)
    await running.accepted(later)

    await running.db.execute("update dispatcher.accounts set paused_until = null")
    await running.db.execute("update dispatcher.intents set next_at = now() where state = 'queued'")
    await running.db.execute("update dispatcher.conversations set wake_at = now() where next_due is not null")

    assert (await running.final(unit)).state == "sent"
    assert (await running.final(later)).state == "sent"
    assert heads(running, "paused", accepted=True) == ["1", "2", "3", "later"]


@pytest.mark.parametrize(
    ("author", "parts"), [({"author": HUMAN}, 3), ({}, 4)], ids=["human", "bot, its disclosure in front"]
)
async def test_a_crash_between_parts_neither_loses_nor_repeats(
    rig: DispatcherRig, author: dict[str, object], parts: int
) -> None:
    """Promises 3 and 7. Breaks when the piece that comes next is not durable with the one before it: `pieces_sent`
    written late, or a disclosure of its own counted as a piece or repeated.
    """
    name = f"crash{parts}"
    person = await rig.customer()
    doomed = await rig.dispatcher(KAIWA_CRASH_AT="dispatcher.between_parts")
    request = await rig.ask(person, long_text(name), **author)
    await doomed.wait(ENDED)
    assert doomed.exit_code == -9

    await rig.dispatcher()
    outcome = await rig.final(request)
    await rig.services["dispatcher"].terminate()

    assert outcome.state == "sent"
    assert heads(rig, name) == ["1", "2", "3"]
    calls = rig.sim.books.accepted(account_id=person.account_id)
    assert [part.mid for part in outcome.parts] == [call.mid for call in calls]
    assert len(calls) == parts
    assert rig.sim.books.reposts() == []
