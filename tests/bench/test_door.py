"""May I write now: what the answer costs beyond the read that it cannot do without."""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import pytest
from contest import report
from load import Connection
from sending import Room, Yard, yard_of_its_own

from kaiwa.contracts import ids
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.stack import Stack
from kaiwa.dispatcher.door.callers import key, new_secret

pytestmark = pytest.mark.timeout(300)

BAR = 3

RATE = 150
"""A second, of all kinds together: callers come at a rate. One that asks again in the instant of its answer finds every
process awake and every cache warm, for which nobody waits in life; both figures of it are printed beside."""
TURNS = 9_000
CLOSED = 500
READ = (
    "select window_opened_at, control, control_at, escalated, human_until from dispatcher.conversations"
    " where account_id = $1 and customer_id = $2"
)


@pytest.fixture
async def yard(stack: Stack, tmp_path: Path) -> AsyncIterator[Yard]:
    async with yard_of_its_own(stack, tmp_path) as made:
        yield made


async def opened(yard: Yard) -> str:
    """A key that opens, for a rate that is no limit."""
    name = ids.random()
    secret, secret_hash = new_secret()
    await yard.db.execute(
        "insert into dispatcher.callers (caller_id, name, lanes, author_kinds, per_second, secret_hash)"
        " values ($1, 'bench', '{human}', '{human}', 1e9, $2)",
        name,
        secret_hash,
    )
    return key(name, secret)


def question(room: Room, opens: str) -> bytes:
    path = f"/v1/accounts/{room.account_id}/conversations/{room.customer_id}"
    return f"GET {path} HTTP/1.1\r\nhost: door\r\nauthorization: Bearer {opens}\r\n\r\n".encode()


Ask = Callable[[Room], Awaitable[None]]


async def seconds(ask: Ask, room: Room) -> float:
    began = time.perf_counter()
    await ask(room)
    return time.perf_counter() - began


async def at_a_rate(kinds: dict[str, Ask], rooms: Sequence[Room]) -> dict[str, list[float]]:
    """Seconds for each; the kinds take turns, so that whoever else works here disturbs them alike."""
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    started = time.perf_counter()
    for number, (kind, ask) in enumerate(itertools.islice(itertools.cycle(kinds.items()), TURNS)):
        await asyncio.sleep(started + number / RATE - time.perf_counter())
        taken[kind].append(await seconds(ask, rooms[number % len(rooms)]))
    return taken


def p99(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=100)[98]


async def test_may_i_write(yard: Yard) -> None:
    """p99 over HTTP, with key, rate, decision and JSON, beside p99 of a bare read by primary key: one session, one
    prepared statement, no pool, from the same process.

    Broken by: a key looked up for every request, a second query, asyncpg's pool between the answer and its query.
    """
    rooms = await yard.rooms(50, 10)
    port = free_port()
    opens = await opened(yard)
    async with yard.dispatcher(KAIWA_DOOR__PORT=str(port)):
        transport, door = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
        bare = await asyncpg.connect(yard.dsn)
        try:

            async def ask(room: Room) -> None:
                assert await door.ask(question(room, opens)) == 200

            async def hop(_: Room) -> None:
                assert await door.ask(b"GET /nothing HTTP/1.1\r\nhost: door\r\n\r\n") == 404

            async def read(room: Room) -> None:
                assert await bare.fetchrow(READ, room.account_id, room.customer_id)

            kinds: dict[str, Ask] = {"ask": ask, "read": read, "hop": hop}
            closed = {
                kind: [await seconds(one, room) for room in rooms[:CLOSED]] for kind, one in kinds.items()
            }
            taken = await at_a_rate(kinds, rooms)
        finally:
            transport.close()
            await bare.close()
    ratio = p99(taken["ask"]) / p99(taken["read"])
    report(
        "door_may_i_write",
        ratio=round(ratio, 2),
        bar=BAR,
        load=round(os.getloadavg()[0], 1),
        p99_ms={kind: round(p99(each) * 1000, 3) for kind, each in taken.items()},
        median_ms={kind: round(statistics.median(each) * 1000, 3) for kind, each in taken.items()},
        closed_p99_ms={kind: round(p99(each) * 1000, 3) for kind, each in closed.items()},
        closed_median_ms={kind: round(statistics.median(each) * 1000, 3) for kind, each in closed.items()},
    )
    assert ratio <= BAR
