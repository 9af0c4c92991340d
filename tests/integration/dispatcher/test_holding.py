"""Conversations are locked in the statement that makes sure of them, and a head that stands is not written anew."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from kaiwa.contracts import ids
from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest
from kaiwa.dispatcher import queues
from kaiwa.dispatcher.contents import Contents, Ring
from kaiwa.dispatcher.intake import Intake, Taken
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import Connection, pool
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
SHOP, CUSTOMER = "17840000000000001", "c1"
ROOM: dict[str, Any] = {"accounts": [SHOP], "customers": [CUSTOMER]}


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    """An account with a conversation of which nothing waits."""
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        await opened.execute(
            "insert into dispatcher.accounts (account_id, app_id, login, page_id, display_name, locale, human_agent,"
            " default_app, unknown_echo, limits, state, sealed_token)"
            " values ($1, '1001', 'facebook', $1, 'Shop', 'en', true, true, 'hold', '{}', 'active', 'sealed')",
            SHOP,
        )
        await _sql.ensure_conversations(opened, **ROOM, partitions=[0])
        yield opened


async def take_in(connection: Connection, number: str) -> None:
    """A request into the conversation."""
    ring = Ring([b"k" * 32])
    intake = Intake(Contents(lambda: ring), partitions=12)
    request = SendRequest(
        request_id=number,
        account_id=SHOP,
        recipient=Recipient(customer_id=CUSTOMER),
        author=Author("automation", "test"),
        message=Message(text="Hello"),
    )
    name = ids.derived(SHOP, number)
    await intake.take_in(connection, {name: Taken(name, request, datetime.now(UTC), None)})


async def hold(connection: Connection, _: str) -> None:
    await _sql.hold_conversations(connection, **ROOM, partitions=[0])


@pytest.mark.parametrize("work", [hold, take_in])
async def test_who_works_on_a_conversation_keeps_others_away(db: asyncpg.Pool, work: Any) -> None:
    """Broken by: `on conflict do nothing`, which locks no row: heads would be chosen from what another one changes."""
    async with db.acquire() as connection:
        await take_in(connection, "1")  # so that another one leaves the head as it is
    async with db.acquire() as connection, connection.transaction():
        await work(connection, "2")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await db.execute("select from dispatcher.conversations for update nowait")


async def test_a_head_that_stands_is_not_written_anew(db: asyncpg.Pool) -> None:
    """Broken by: choosing heads that writes every row, with a new entry in each of its indexes."""
    version = "select xmin::text, next_lane from dispatcher.conversations"
    seen = []
    for number in ("1", "2"):
        async with db.acquire() as connection, connection.transaction():
            await take_in(connection, number)
        async with db.acquire() as connection:
            await queues.refresh(connection, **ROOM)
        seen += [tuple(row) for row in await db.fetch(version)]
    assert seen[0] == seen[1]
    assert seen[0][1] is not None
