"""Promise 6: what is read from Kafka after the order that erased it does not stay."""

from datetime import timedelta

import asyncpg
from claiming import ACCOUNT, CONVERSATION, REQUEST, SHOP

from kaiwa.runtime.clock import utc_now
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
STORED = "insert into dispatcher.contents (intent_id, sealed) values ($1, 'sealed')"


async def kept(db: asyncpg.Pool) -> set[str]:
    return {row["intent_id"] for row in await db.fetch("select intent_id from dispatcher.contents")}


async def test_it_loses_what_it_says_whatever_becomes_of_it(database: str) -> None:
    """Broken by: a tidying that knows no mark. A request that waits, for later or for its account, would keep its content
    until its turn; one that was refused, for the grace of what is settled.
    """
    await migrate(database, rooms())
    async with pool(database, application="test") as db:
        await db.execute(ACCOUNT, SHOP)
        for customer in ("waits", "refused", "another"):
            await db.execute(CONVERSATION, SHOP, customer)
            await db.execute(REQUEST, SHOP, customer)
            await db.execute(STORED, customer)
        await db.execute(
            "update dispatcher.intents set state = 'refused', finished_at = now() where intent_id = 'refused'"
        )
        for cutoff, gone in ((utc_now() - timedelta(hours=1), set()), (utc_now(), {"waits", "refused"})):
            await db.execute(
                "update dispatcher.conversations set erased_before = $1 where customer_id <> 'another'",
                cutoff,
            )
            await _sql.drop_erased_contents(db)
            assert await kept(db) == {"waits", "refused", "another"} - gone
