"""Batches of several members at once, on a real PostgreSQL: whoever commits first, nothing falls between them."""

import asyncio
from datetime import timedelta

from arrivals import arrived as read
from happenings import message, record, unsend

from kaiwa.bus.records import Outgoing
from kaiwa.compliance.handlers import Intake
from kaiwa.contracts import topics
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool

ROUNDS = 100


async def test_an_unsend_and_a_copy_elsewhere_cannot_miss_each_other(database: str) -> None:
    """A copy in quarantine and its unsend, taken in by two members at the same moment.

    Broken by: no lock around index and memory (each commits before it sees the other, and the copy stays).
    """
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        key, bound = b"k" * 32, timedelta(seconds=30)
        first, second = (Intake(opened, key=key, bound=bound, wake=asyncio.Event()) for _ in range(2))
        for number in range(ROUNDS):
            mid = f"m_{number}"
            poison = Outgoing(topics.QUARANTINE, b"q%d" % number, f'"mid":"{mid}" junk'.encode())
            await asyncio.gather(
                first([read(record(unsend(mid, customer="c")), number)]),
                second([read(poison, number), read(record(message(f"{mid}x", "t", customer="c")), number)]),
            )
        owed = await opened.fetch("select distinct key from compliance.targets")
        assert {row["key"] for row in owed} == {b"q%d" % number for number in range(ROUNDS)}


async def test_reading_a_batch_again_opens_nothing_new(database: str) -> None:
    """Broken by: a case's id made at random; offsets not remembered with the index."""
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        intake = Intake(opened, key=b"k" * 32, bound=timedelta(seconds=30), wake=asyncio.Event())
        told = record(message("m", "t", customer="c"))
        batch = [read(told, 1), read(record(unsend("m", customer="c")), 2), read(told, 3)]
        for records in (batch, batch, batch[:1], batch[1:], batch[2:]):
            await intake(records)
        assert await opened.fetchval("select count(*) from compliance.cases") == 1
        assert await opened.fetchval("select count(*) from compliance.entries") == 1
        await intake([read(told, 4)])
        assert await opened.fetchval("select count(*) from compliance.cases") == 2, (
            "a new copy is not a replay"
        )
