"""Every named query is one that PostgreSQL can plan: a slip in a rarely used one must not wait for its hour."""

import pytest

from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import connection
from kaiwa.store.queries import load

PACKAGES = ["kaiwa.dispatcher", "kaiwa.compliance"]


@pytest.mark.parametrize("package", PACKAGES)
async def test_every_query_can_be_prepared(database: str, package: str) -> None:
    queries = load(package)
    await migrate(database, rooms())
    names = [name for name in queries.available_queries if not name.endswith("_cursor")]
    wrong = {}
    async with connection(database, application="test") as session:
        for name in names:
            try:
                await session.prepare(getattr(queries, name).sql)
            except Exception as error:  # noqa: BLE001 - whatever PostgreSQL objects to
                wrong[name] = str(error)
    assert names
    assert wrong == {}
