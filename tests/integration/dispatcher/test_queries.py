"""Every named query is one that PostgreSQL can plan: a slip in a rarely used one must not wait for its hour."""

import re
from datetime import timedelta

import pytest

from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import connection
from kaiwa.store.queries import load

MANY = """
insert into dispatcher.conversations (account_id, customer_id, partition, wake_at, look_due, owner_due)
select 'shop', 'c' || n, 0, later, later, later
from generate_series(1, 20000) as n cross join (select now() + interval '1 hour' as later) as t;
insert into dispatcher.comments (account_id, comment_id, customer_id, live, seen_at, look_due)
select 'shop', 'c' || n, 'c' || n, false, now(), now() + interval '1 hour' from generate_series(1, 20000) as n;
analyze dispatcher.conversations, dispatcher.comments;
"""
ANY = {"int8": 20, "interval": timedelta(seconds=60)}
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


@pytest.mark.parametrize("name", ["anything_wakes", "waking", "take_looks", "take_owners", "take_comments"])
async def test_what_is_looked_for_all_the_time_is_found_by_its_index(database: str, name: str) -> None:
    """Broken by a time that moves while it is compared with (clock_timestamp()): all that waits is read, however much."""
    await migrate(database, rooms())
    async with connection(database, application="test") as session:
        await session.execute(MANY)
        plan = await session.prepare("explain " + getattr(load("kaiwa.dispatcher"), name).sql)
        values = [ANY[argument.name] for argument in plan.get_parameters()]
        lines = [row[0] for row in await plan.fetch(*values)]
    assert [
        line for line in lines if re.search(r"Index Cond: \((wake_at|look_due|owner_due) <= now\(\)\)", line)
    ], lines
