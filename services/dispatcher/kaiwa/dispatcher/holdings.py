"""What the dispatcher has of people's messages, for ``kaiwa deletions reapply``: after a restore it may be too much."""

from collections.abc import AsyncIterator

from kaiwa.store.pool import connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


async def holdings(dsn: str) -> AsyncIterator[tuple[str | None, str | None, str | None]]:
    """Account, customer and mid of everything whose content, or the trace of it, is here."""
    async with connection(dsn, application="holdings") as opened:
        async for row in _sql.holdings(opened):
            yield row["account_id"], row["customer_id"], row["mid"]
