"""Locks between processes: one holder, the next one follows, and a lost connection ends the leader's work."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kaiwa.store.locks import LeadershipLost, advisory, key, leadership
from kaiwa.store.pool import pool

FAST = 0.02


@pytest.fixture
async def opened(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with pool(database, application="test", max_size=6) as connected:
        yield connected


HOLDER = "select pid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())"


async def until(session: asyncpg.Pool, condition: str) -> None:
    """Wait for what PostgreSQL says about its sessions."""
    while not await session.fetchval(f"select {condition}"):  # noqa: ASYNC110  # the event is in PostgreSQL
        await asyncio.sleep(FAST)


async def end_holder(session: asyncpg.Pool) -> None:
    """What a broken network, a failover or an operator does to the leader's session."""
    assert await session.fetchval(f"select bool_and(pg_terminate_backend(pid)) from ({HOLDER}) as holder")


def test_a_name_has_one_number_that_postgresql_takes() -> None:
    numbers = {key(f"lock {n}") for n in range(1000)}
    assert len(numbers) == 1000
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert key("kaiwa.migrations") == key("kaiwa.migrations")


async def test_one_at_a_time_holds_a_lock(opened: asyncpg.Pool) -> None:
    inside = 0
    most = 0

    async def hold() -> None:
        nonlocal inside, most
        async with opened.acquire() as session, advisory(session, "one"):
            inside += 1
            most = max(most, inside)
            await opened.fetchval("select 1")
            inside -= 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(hold() for _ in range(4)))
    assert most == 1


async def test_the_next_leader_follows_when_the_first_leaves(opened: asyncpg.Pool) -> None:
    order: list[str] = []
    leaving = asyncio.Event()

    async def lead(name: str) -> None:
        async with leadership(opened, "writer", every=FAST):
            order.append(f"{name} in")
            await leaving.wait()
            order.append(f"{name} out")

    async with asyncio.timeout(20):
        first = asyncio.create_task(lead("first"))
        await until(opened, f"exists ({HOLDER})")
        second = asyncio.create_task(lead("second"))
        await until(
            opened,
            "exists (select from pg_stat_activity where datname = current_database() and query like '%pg_try_advisory_lock($1)%'"
            f" and state = 'idle' and pid not in ({HOLDER}))",
        )
        assert order == ["first in"]
        leaving.set()
        await asyncio.gather(first, second)
    assert order == ["first in", "first out", "second in", "second out"]


async def test_a_leader_whose_connection_dies_is_stopped(opened: asyncpg.Pool) -> None:
    """Mutation: leave out the watch, and the old leader works on beside the new one."""
    leading = asyncio.Event()
    stopped = asyncio.Event()

    async def lead() -> None:
        async with leadership(opened, "writer", every=FAST):
            leading.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

    async with asyncio.timeout(20):
        leader = asyncio.create_task(lead())
        await leading.wait()
        await end_holder(opened)
        with pytest.raises(LeadershipLost):
            await leader
        assert stopped.is_set()
        async with leadership(opened, "writer", every=FAST):
            pass


async def test_the_body_keeps_its_own_errors(opened: asyncpg.Pool) -> None:
    for error in (TimeoutError, ValueError):
        with pytest.raises(error):
            async with leadership(opened, "writer", every=FAST):
                raise error
    async with asyncio.timeout(20), leadership(opened, "writer", every=FAST):
        pass


async def test_a_leader_can_be_cancelled(opened: asyncpg.Pool) -> None:
    leading = asyncio.Event()

    async def lead() -> None:
        async with leadership(opened, "writer", every=FAST):
            leading.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(20):
        leader = asyncio.create_task(lead())
        await leading.wait()
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        async with leadership(opened, "writer", every=FAST):
            pass
