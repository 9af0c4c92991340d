"""Unsent mids are remembered until no copy can arrive any more: retention, and 7 days beyond."""

from datetime import timedelta
from typing import Any, Final

import asyncpg

from kaiwa.compliance.loops import keep
from kaiwa.store import queries

BEYOND: Final = timedelta(days=7)
"""The platform delivers again for 36 hours; the rest is for outages of our own."""

_EVERY: Final = 3600.0


async def forget(pool: asyncpg.Pool, *, retention: float) -> None:
    sql: Any = queries.load("kaiwa.compliance")
    older_than = timedelta(seconds=retention) + BEYOND

    async def turn() -> bool:
        async with pool.acquire() as connection:
            await sql.forget_unsent(connection, older_than=older_than)
        return False

    await keep(turn, name="forget", every=_EVERY)
