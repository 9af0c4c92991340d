"""What others wrote, in several conversations of one batch."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from kaiwa.dispatcher import settle
from kaiwa.dispatcher.core.state import Policy
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool

HOLD = timedelta(minutes=30)
POLICY = Policy(window_margin=timedelta(seconds=90), human_hold=HOLD, lease=timedelta(seconds=30))
SHOP, EASY = "17840000000000001", "17840000000000002"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
WROTE = [
    ("m1", SHOP, "c1", LATER),
    ("m2", SHOP, "c1", NOON),
    ("m3", SHOP, "c2", NOON),
    ("m4", EASY, "c1", NOON),
]


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Two accounts, one of which holds nothing for what others write, and a conversation that was released since."""
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        await opened.executemany(
            "insert into dispatcher.accounts (account_id, app_id, login, page_id, display_name, locale, human_agent,"
            " default_app, unknown_echo, limits, state, sealed_token)"
            " values ($1, '1001', 'facebook', $1, 'Shop', 'en', true, true, $2, '{}', 'active', 'sealed')",
            [(SHOP, "hold"), (EASY, "ignore")],
        )
        await opened.executemany(
            "insert into dispatcher.conversations (account_id, customer_id, partition, released_at) values ($1, $2, 0, $3)",
            [(SHOP, "c1", NOON), (SHOP, "c2", NOON), (SHOP, "c3", None), (EASY, "c1", None)],
        )
        await opened.executemany(
            "insert into dispatcher.echoes (mid, account_id, customer_id, occurred_at, kind) values ($1, $2, $3, $4, 'text')",
            WROTE,
        )
        yield opened


async def test_the_newest_word_in_each_conversation_counts(db: asyncpg.Pool) -> None:
    """Broken by: whichever word comes first, a hold after a release, a hold that nobody wanted, and by a conversation that
    takes another's time.
    """
    async with db.acquire() as connection, connection.transaction():
        await settle.explain(connection, {(shop, customer) for _, shop, customer, _ in WROTE}, policy=POLICY)
    known = await db.fetch("select * from dispatcher.conversations order by account_id, customer_id")
    assert [(row["last_human_at"], row["human_until"]) for row in known] == [
        (LATER, LATER + HOLD),
        (NOON, None),
        (None, None),
        (NOON, None),
    ]
    assert await db.fetchval("select count(*) from dispatcher.echoes where assigned = 'other'") == len(WROTE)
