"""Whose turn it is within a lane of an account: theirs whose time is over first, be it the message's, the window's or the
comment's.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from claiming import SHOP, Commits, scheduler, shops

from kaiwa.dispatcher import queues
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.core.pace import BucketClass

HOUR = timedelta(hours=1)
LAST_FIRST = ["fresh", "later", "closing", "expiring"]
"""Conversations in the order in which they asked, and in that of their names neither."""

OPENED = "update dispatcher.conversations set window_opened_at = now() - $2::interval where customer_id = $1"
EXPIRES = "update dispatcher.intents set expires_at = now() + $2::interval where intent_id = $1"
COMMENTED = """
with seen as (
    insert into dispatcher.comments (account_id, comment_id, customer_id, seen_at, live)
    values ($1, $2, $2, now() - $3::interval, false)
)
update dispatcher.intents set comment_id = $2, bucket = 'private_reply' where intent_id = $2
"""


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    """A request in each, and room for all of them at once."""
    async with shops(database, LAST_FIRST, LAST_FIRST) as opened:
        await opened.execute("""update dispatcher.accounts set limits = '{"text_per_second": 1000}'""")
        yield opened


async def order(db: asyncpg.Pool, bucket: BucketClass) -> list[str]:
    """Whose requests are claimed, one after the other."""
    async with db.acquire() as connection, connection.transaction():
        await queues.refresh(connection, accounts=[SHOP] * len(LAST_FIRST), customers=LAST_FIRST)
    found: list[str] = []
    claims = scheduler(db, Commits())
    while made := await claims.claim([Ask(Desk(SHOP, bucket), 0, 1)]):
        found += [claim.intent_id for claim, _ in made]
    return found


async def test_whose_window_or_message_ends_first_goes_first(db: asyncpg.Pool) -> None:
    """Broken by: the order of intake, of names, of windows alone or of `expires_at` alone; a person who may use the tag
    has until the seventh day.
    """
    await db.execute(OPENED, "fresh", 25 * HOUR)  # a person's, by the tag
    await db.execute(OPENED, "later", HOUR)
    await db.execute(OPENED, "closing", 23 * HOUR)
    await db.execute(EXPIRES, "expiring", HOUR / 2)
    assert await order(db, "text") == ["expiring", "closing", "later", "fresh"]

    await db.execute("update dispatcher.intents set state = 'queued', fence = null, lease_until = null")
    await db.execute("update dispatcher.conversations set in_flight = null")
    await db.execute(EXPIRES, "fresh", HOUR / 6)
    await db.execute(EXPIRES, "expiring", 2 * HOUR)
    assert await order(db, "text") == ["fresh", "closing", "expiring", "later"]


async def test_the_oldest_comment_is_answered_first(db: asyncpg.Pool) -> None:
    """Broken by: the window's end for a private reply, which has none."""
    for name, age in (("fresh", HOUR), ("later", 48 * HOUR), ("closing", 96 * HOUR), ("expiring", 24 * HOUR)):
        await db.execute(COMMENTED, SHOP, name, age)
    await db.execute(OPENED, "fresh", 23.9 * HOUR)
    await db.execute(EXPIRES, "expiring", HOUR)
    assert await order(db, "private_reply") == ["expiring", "closing", "later", "fresh"]
