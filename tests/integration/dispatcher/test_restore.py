"""Promise 3 across a restore: a dump from the middle of traffic is restored, and nothing goes out twice."""

import asyncio
import itertools
import json
import random
import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from conditions import eventually
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.sends import Author
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.postgres import PROGRAMS, VERSION_FOLDER
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.errors import DependencyError
from kaiwa.simulator.simulator import Person

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

NAME = f"restored_{uuid.uuid4().hex}"
TOOLS = PROGRAMS / VERSION_FOLDER / "bin"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    folder: Path = tmp_path_factory.mktemp("restore")
    async with DispatcherRig(stack, stack.create_database(NAME), folder) as made:
        await made.ingest()
        await made.dispatcher(KAIWA_DISPATCHER__HUMAN_HOLD="1")
        yield made
    stack.drop_database(NAME)


async def tool(*words: str | Path) -> None:
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Traffic:
    """Requests, one after the other, until it is stopped."""

    def __init__(self, rig: DispatcherRig, people: list[Person]) -> None:
        self.rig, self.people = rig, people
        self.asked: dict[str, tuple[str, Person]] = {}
        self._chance = random.Random(7)

    async def run(self) -> None:
        for n in itertools.count():
            person, text = self._chance.choice(self.people), f"traffic {n:04d}."
            author = Author("automation") if n % 4 == 0 else HUMAN
            self.asked[await self.rig.ask(person, text, author=author)] = text, person
            await asyncio.sleep(0.03)

    async def grown(self, by: int) -> None:
        wanted = len(self.asked) + by
        async with asyncio.timeout(60):
            while len(self.asked) < wanted:  # noqa: ASYNC110 - the traffic is a task of its own
                await asyncio.sleep(0.02)

    async def gone_on(self, by: int) -> None:
        """And something was told of it, however slow the machine."""
        before = set(self.asked)
        await self.grown(by)
        await eventually(lambda: bool(self.rig.outcomes.keys() & (self.asked.keys() - before)), within=60)


async def test_nothing_is_sent_twice_after_a_restore(
    rig: DispatcherRig, stack: Stack, tmp_path: Path
) -> None:
    """Breaks when a dispatcher starts on a database that is behind, when what was queued in the copy is called again,
    or when a request that the copy does not know is sent for being asked again.
    """
    people = await rig.customers(8)
    scheduled = await rig.ask(
        people[0], "not before tomorrow", author=HUMAN, not_before=rfc3339(utc_now() + timedelta(hours=1))
    )
    traffic = Traffic(rig, people)
    flowing = asyncio.create_task(traffic.run())
    await traffic.grown(by=20)
    dump = tmp_path / "copy.dump"
    await tool(TOOLS / "pg_dump", "--format=custom", f"--file={dump}", rig.dsn)
    await traffic.gone_on(by=60)
    await rig.services["dispatcher"].kill()
    flowing.cancel()
    with suppress(asyncio.CancelledError):
        await flowing

    await rig.db.close()
    stack.drop_database(NAME)
    stack.create_database(NAME)
    await tool(TOOLS / "pg_restore", f"--dbname={rig.dsn}", dump)
    await rig.reconnect()

    with pytest.raises(DependencyError, match="ended with code 3"):
        await rig.dispatcher()
    assert "kaiwa db after-restore" in rig.log("dispatcher").splitlines()[-1]

    told = json.loads((await rig.kaiwa("db", "after-restore", "--json")).stdout)
    assert told["behind"]
    lost = {row["request_id"] for row in told["lost"]}
    assert lost, "what came after the copy is listed"
    assert lost <= set(traffic.asked)
    assert told["applied"] > 0
    await rig.db.execute("update dispatcher.restores set finished_at = null")
    with pytest.raises(DependencyError, match="ended with code 3"):
        await rig.dispatcher()
    resumed = json.loads((await rig.kaiwa("db", "after-restore", "--json")).stdout)
    assert {row["request_id"] for row in resumed["lost"]} == lost, "a run that was broken off lists them, too"

    await rig.dispatcher(KAIWA_DISPATCHER__HUMAN_HOLD="1")
    repeated = next(name for name in sorted(lost))
    await rig.ask(traffic.asked[repeated][1], traffic.asked[repeated][0], author=HUMAN, request_id=repeated)
    after = await rig.ask(people[0], "life goes on", author=HUMAN)
    assert (await rig.final(after)).state == "sent"
    await taken_in(rig, set(traffic.asked))
    await settled(rig)

    rows = await rig.db.fetch("select request_id, state from dispatcher.intents")
    states: dict[str, str] = {row["request_id"]: row["state"] for row in rows}
    assert states[scheduled] == "queued", "nobody can have sent this"
    wrong = []
    for request_id, (text, _) in traffic.asked.items():
        accepted, state = len(rig.sim.books.accepted(text)), states.get(request_id)
        if accepted > 1 or (state, accepted) in {("sent", 0), ("failed", 1), ("refused", 1)} or state is None:
            wrong.append(f"{text} is {state}, accepted {accepted} times")
    assert wrong == []
    again = await rig.kaiwa("db", "after-restore", check=False)
    assert (again.returncode, "a dispatcher is at work" in again.stderr) == (1, True)


async def test_a_level_database_needs_nothing(rig: DispatcherRig) -> None:
    await rig.drained()
    await rig.services["dispatcher"].terminate()
    done = await rig.kaiwa("db", "after-restore", "--json")
    assert json.loads(done.stdout) == {"behind": False}
    await rig.dispatcher()


async def taken_in(rig: DispatcherRig, asked: set[str]) -> None:
    """All that was asked is in the database; what lies in other partitions may be read later than the last request."""
    query = "select count(*) from dispatcher.intents where request_id = any($1)"
    async with asyncio.timeout(90):
        while await rig.db.fetchval(query, list(asked)) < len(asked):  # noqa: ASYNC110 - the condition is in PostgreSQL
            await asyncio.sleep(0.2)


async def settled(rig: DispatcherRig) -> None:
    """What can still move has moved: a person's texts are found or not, automation's wait for a person."""
    moving = """
        select count(*) from dispatcher.intents where state in ('claimed', 'sending')
            or (state = 'queued' and due_at <= now()) or (state = 'in_doubt' and author_kind = 'human')
    """
    async with asyncio.timeout(90):
        while await rig.db.fetchval(moving):  # noqa: ASYNC110 - the condition is in PostgreSQL
            await asyncio.sleep(0.2)
