"""Which conversation is next in which queue: chosen anew by whoever changed what waits there."""

from collections import Counter
from collections.abc import Sequence

from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

Room = tuple[str, str]
"""A conversation: account and customer."""

Place = tuple[Desk, int]
"""A queue: the bucket that its messages take, and their lane's rank."""


async def refresh(
    connection: Connection, *, accounts: Sequence[str], customers: Sequence[str]
) -> Counter[Place]:
    """Choose the heads of these conversations; in which queues they stand now, those of them that may go."""
    chosen = _sql.refresh_heads(connection, accounts=accounts, customers=customers)
    return Counter([(Desk(row["account_id"], row["bucket"]), row["lane"]) async for row in chosen])
