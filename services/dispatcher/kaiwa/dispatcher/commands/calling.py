"""How commands call Meta: as the dispatcher does, they hear what it says of limits, and make no call during a pause."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from kaiwa.dispatcher.throttling import Throttling
from kaiwa.meta import graph
from kaiwa.meta.graph import Graph
from kaiwa.runtime.settings import Meta
from kaiwa.store.pool import pool


@asynccontextmanager
async def calling(dsn: str, meta: Meta, *, application: str) -> AsyncIterator[tuple[asyncpg.Pool, Graph]]:
    """PostgreSQL and Meta. Calls raise :class:`Throttled`, which says what to do."""
    async with (
        pool(dsn, application=application, max_size=2) as db,
        graph.connect(
            facebook=meta.facebook_graph_url,
            instagram=meta.instagram_graph_url,
            version=meta.graph_version,
            connections=1,
        ) as platform,
    ):
        yield db, platform.guarded(Throttling(db))
