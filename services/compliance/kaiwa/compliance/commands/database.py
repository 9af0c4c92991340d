"""The database of a command, and the settings of one that needs no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from kaiwa.runtime.settings import Postgres, Settings
from kaiwa.store import queries
from kaiwa.store.pool import connection

_sql: Final = queries.load("kaiwa.compliance")


class Reading(Settings):
    postgres: Postgres


@asynccontextmanager
async def database(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    async with connection(postgres.dsn.get_secret_value(), application="command") as opened:
        yield opened


@asynccontextmanager
async def snapshot(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    """All as of one moment. Tables that may be written anew are held before that moment: in a snapshot from before, one
    that was written anew has no rows.
    """
    async with database(postgres) as opened, opened.transaction(isolation="repeatable_read", readonly=True):
        await _sql.hold_tables(opened)
        yield opened
