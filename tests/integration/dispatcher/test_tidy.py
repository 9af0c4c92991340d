"""What is settled loses its content after the grace, in whichever way it is found."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from kaiwa.dispatcher.slices import Slices
from kaiwa.dispatcher.tidy import Tidy
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool

GRACE, LENGTH = timedelta(hours=1), timedelta(minutes=15)
SETTLED = """
with settled as (
    insert into dispatcher.intents (
        intent_id, account_id, request_id, customer_id, author_kind, lane, state, requested_at, due_at, next_at, finished_at
    ) values ($1, 'shop', $1, 'c', 'human', 'human', 'sent', now(), now(), now(), now() - $2::interval)
)
insert into dispatcher.contents (intent_id, sealed) values ($1, '')
"""


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    await migrate(database, rooms())
    async with pool(database, application="test", max_size=2) as opened:
        yield opened


async def kept(db: asyncpg.Pool) -> set[str]:
    return {row["intent_id"] for row in await db.fetch("select intent_id from dispatcher.contents")}


async def test_what_was_settled_a_grace_ago_goes(db: asyncpg.Pool) -> None:
    """Broken by: a window that forgets what no round has seen yet, or that takes what is in its grace."""
    tidy = Tidy(db, Slices(db, length=LENGTH, grace=GRACE), grace=GRACE)
    await db.execute(SETTLED, "over", GRACE + timedelta(minutes=5))
    await db.execute(SETTLED, "in its grace", GRACE - timedelta(minutes=5))
    await tidy.once()
    assert await kept(db) == {"in its grace"}
    await db.execute(SETTLED, "committed late", GRACE + timedelta(seconds=8))
    await tidy.once()
    assert await kept(db) == {"in its grace"}


async def test_what_no_round_has_found_goes_with_its_slice(db: asyncpg.Pool) -> None:
    """Settled while no process ran. Broken by: slices that carry along whatever lies in them."""
    await db.execute(
        "select dispatcher.drop_slice(name) from dispatcher.slices"
    )  # they are as long as production's
    tidy = Tidy(db, Slices(db, length=timedelta(seconds=0.5), grace=GRACE), grace=GRACE)
    await tidy.once()
    await db.execute(SETTLED, "long ago", timedelta(days=2))
    await db.execute(SETTLED, "in its grace", timedelta(0))
    async with asyncio.timeout(30):
        while await kept(db) != {"in its grace"}:
            await asyncio.sleep(0.1)
            await tidy.once()
