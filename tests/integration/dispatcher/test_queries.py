"""Every named query is one that PostgreSQL can plan: a slip in a rarely used one must not wait for its hour."""

import re
from datetime import timedelta

import psycopg
import pytest

from kaiwa.dispatcher.slices import Slices
from kaiwa.dispatcher.tidy import Tidy
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import Connection, connection, pool
from kaiwa.store.queries import load

MANY = """
insert into dispatcher.conversations (account_id, customer_id, partition, wake_at, look_due, owner_due)
select 'shop' || n % 100, 'c' || n, 0, later, later, later
from generate_series(1, 20000) as n cross join (select now() + interval '1 hour' as later) as t;
insert into dispatcher.comments (account_id, comment_id, customer_id, live, seen_at, look_due)
select 'shop' || n % 100, 'c' || n, 'c' || n, false, now(), now() + interval '1 hour' from generate_series(1, 20000) as n;
insert into dispatcher.intents (
    intent_id, account_id, request_id, customer_id, author_kind, lane, state, requested_at, due_at, next_at, finished_at
)
select 'i' || n, 'shop' || n % 100, 'r' || n, 'c' || n, 'human', 'human', 'sent', now(), now(), now(), now()
from generate_series(1, 20000) as n;
insert into dispatcher.parts (intent_id, n, account_id, customer_id, state, kind, called_at, mid, content_hash)
select 'i' || n, 1, 'shop' || n % 100, 'c' || n, 'sent', 'text', now(), 'm' || n, ''::bytea from generate_series(1, 20000) as n;
insert into dispatcher.echoes (account_id, mid, customer_id, kind, occurred_at, assigned)
select 'shop' || n % 100, 'm' || n, 'c' || n, 'text', now(), 'ours' from generate_series(1, 20000) as n;
insert into dispatcher.contents (intent_id, sealed) select 'i' || n, ''::bytea from generate_series(1, 20000) as n;
insert into dispatcher.callers (caller_id, name, lanes, author_kinds, per_second, secret_hash)
values ('a', 'a', '{}', '{}', 1, '');
insert into dispatcher.door_requests (intent_id, account_id, request_id, author_kind, lane, caller_id)
select 'i' || n, 'shop' || n % 100, 'r' || n, 'human', 'human', 'a' from generate_series(1, 20000) as n;
insert into dispatcher.uploads (account_id, fingerprint) select 'shop' || n % 100, ('x' || n)::bytea from generate_series(1, 20000) as n;
analyze;
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


READ_WHOLE = {
    "content_age": "an audit: whether anything is left that should have gone",
    "holdings": "compliance asks for all that is here",
    "list_intents": "a command, of whatever a person asks for",
    "sealed_otherwise": "a command: whether a key is needed still",
    "unfinished": "a command, once after a restore",
}


async def test_no_query_reads_all_that_there_is(database: str) -> None:
    """Broken by clock_timestamp() in place of now(), by an index that is not there, by an `exists` that is hashed."""
    await migrate(database, rooms())
    queries = load("kaiwa.dispatcher")
    found = {}
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as session:
        for statement in MANY.split(";\n"):
            await session.execute(statement.encode())
        for name in queries.available_queries:
            if name.endswith("_cursor"):
                continue
            try:
                plan = await session.execute(f"explain (generic_plan) {getattr(queries, name).sql}".encode())
            except psycopg.errors.SyntaxError:
                continue  # what is said about the session, or several statements
            lines = [row[0] for row in await plan.fetchall()]
            if whole := [
                line.strip() for line in lines if re.search(r"Seq Scan on .*cost=0.00..\d{3,}", line)
            ]:
                found[name] = whole  # a table of thousands of rows
    assert {name: lines for name, lines in found.items() if name not in READ_WHOLE} == {}


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


HOUR = timedelta(hours=1)
FEW = MANY.replace("20000", "50")
OFTEN = [
    "heads", "refresh_heads", "lock_ready", "claim", "claimed", "lock_claimed", "begin_parts", "take_in", "lock_parts",
    "settle_sent", "hold_conversations", "note_echoes", "unexplained", "open_parts", "yielding", "give_way",
]  # fmt: skip


@pytest.mark.parametrize("name", OFTEN)
async def test_what_was_planned_for_a_few_is_right_for_many(database: str, name: str) -> None:
    """Broken by a pool without `by_index`: sessions that began with an empty installation read all of it for each batch of a
    flood, until PostgreSQL analyses it of its own accord.
    """
    await migrate(database, rooms())
    async with pool(database, application="test", by_index=True) as opened, opened.acquire() as session:
        await session.execute(FEW)
        await session.execute("set plan_cache_mode = force_generic_plan")
        query = "explain " + getattr(load("kaiwa.dispatcher"), name).sql
        lines = [row[0] for row in await session.fetch(query, *await nothing(session, query))]
    walked = [
        line.strip()
        for line in lines
        if re.search(r"Seq Scan on (intents|conversations|parts|echoes)\b", line)
    ]
    assert walked == []


async def test_what_grew_is_looked_at(database: str) -> None:
    """So that sessions plan anew. Broken by upkeep that leaves it to autovacuum, which comes once in a minute: in the first
    flood of an installation claims walk the whole queue.
    """
    await migrate(database, rooms())
    queries = load("kaiwa.dispatcher")
    async with pool(database, application="test") as opened:
        async with opened.acquire() as session:
            await session.execute("analyze")
            await session.execute(MANY.removesuffix("analyze;\n"))
            await session.execute("select pg_stat_force_next_flush()")
        grown = [row["name"] async for row in queries.grown(opened, least=500, times=4)]
        await Tidy(opened, Slices(opened, length=HOUR, grace=HOUR), grace=HOUR).once()
        left = [row["name"] async for row in queries.grown(opened, least=500, times=4)]
    assert {f"dispatcher.{name}" for name in ("intents", "conversations", "parts", "echoes")} <= set(grown)
    assert left == []


async def nothing(session: Connection, query: str) -> list[object]:
    """Empty arrays and whatever else the query takes."""
    prepared = await session.prepare(query)
    return [
        [] if argument.kind == "array" or argument.name == "jsonb" else ANY.get(argument.name, "")
        for argument in prepared.get_parameters()
    ]
