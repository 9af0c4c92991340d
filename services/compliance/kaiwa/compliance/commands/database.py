"""The database of a command that needs no other setting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from kaiwa.runtime.settings import Postgres, Settings
from kaiwa.store.pool import connection


class Reading(Settings):
    postgres: Postgres


@asynccontextmanager
async def database(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    async with connection(postgres.dsn.get_secret_value(), application="command") as opened:
        yield opened
