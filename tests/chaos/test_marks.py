"""PostgreSQL crashes in the moment in which a call reaches Meta: that the call was begun is on the disk, or it comes again.

The server's default leaves commits in memory for as long as it can, so whoever needs one durable has to say so.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from asking import ENDED
from dispatcher_rig import HUMAN, DispatcherRig
from lazy_postgres import make_lazy
from unheard import unheard

from kaiwa.devstack.stack import Stack, running
from kaiwa.store import locks

LONG = os.environ.get("KAIWA_CHAOS") == "long"
WAYS = [(1, True), (1, False), (3, True)]
"""Customers of one account, and whether their windows are known. One who is heard of has the call committed to as the
request is taken in; one who is not, by a claim, once the thread was read; with slots 220 ms apart the third has it marked
just before its own.
"""
BEGUN = """
select request_id from dispatcher.intents
where request_id = any($1) and state in ('sending', 'in_doubt', 'sent')
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One of its own, for it is spoilt."""
    with running() as started:
        yield started


@pytest.fixture
async def rig(stack: Stack, database: str, tmp_path: Path) -> AsyncIterator[DispatcherRig]:
    await make_lazy(database)
    async with DispatcherRig(stack, database, tmp_path) as made:
        await made.ingest()
        yield made


@pytest.mark.timeout(900 if LONG else 240)
async def test_no_call_is_forgotten_when_postgres_crashes(
    rig: DispatcherRig, stack: Stack, database: str
) -> None:
    """Promise 3. Meta takes the last of some messages, answers none and tells of none, and in that moment all dies.

    Broken by: `synchronous_commit = off` for any transaction that commits to a call, or left to the server; a call
    before its commit.
    """
    assert stack.postgres is not None
    rig.sim.fault("hang", times=None)
    rig.sim.fault("lose", kind="echo", times=None)
    requests: dict[str, str] = {}
    await rig.dispatcher()
    for n, (customers, heard) in enumerate(WAYS * (8 if LONG else 1)):
        shop = await rig.account(entry={"limits": {"text_per_second": 5}})
        people = [await unheard(rig, shop) for _ in range(customers)]
        if heard:
            for person in people:
                person.write("Is it in stock?")
        assert await rig.sim.settled()
        await rig.known()
        async with silent_relay(database):
            for m, person in enumerate(people):
                requests[await rig.ask(person, f"{n} {m}.", author=HUMAN)] = f"{n} {m}."
            async with asyncio.timeout(ENDED):
                while len(rig.sim.books.accepted(f"{n} ")) < customers:  # noqa: ASYNC110 - not a moment later
                    await asyncio.sleep(0)
            stack.postgres.stop(kill=True)
            await rig.services["dispatcher"].kill()

        stack.postgres.start()
        begun = {requests[row["request_id"]] for row in await rig.db.fetch(BEGUN, list(requests))}
        assert begun == {call.text for call in rig.sim.books.accepted()}
        await rig.dispatcher()

    outcomes = [await rig.final(request) for request in requests]
    assert {(told.state, told.evidence) for told in outcomes} == {("sent", "thread")}
    assert len(rig.sim.books.calls) == len(requests)


@asynccontextmanager
async def silent_relay(dsn: str) -> AsyncIterator[None]:
    """Outcomes wait: a commit that is durable makes all durable which came before."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", locks.key("dispatcher.outbox"))
        yield
    finally:
        connection.terminate()
