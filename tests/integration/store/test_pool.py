"""The pool and named SQL on a real PostgreSQL: each convention that `queries` names, tried."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kaiwa.runtime.errors import DependencyError
from kaiwa.store.pool import Questions, pool, questions
from kaiwa.store.queries import load

SQL = """
-- name: put(id, tags, payload)<!
-- Don't stumble: over an apostrophe or a :colon of a comment.
insert into things (id, tags, payload) values (:id, :tags::text[], :payload)
on conflict (id) do update set tags = excluded.tags
returning id;

-- name: put_all(ids, tags)!
insert into things (id, tags) select id, array[tag] from unnest(:ids::int[], :tags::text[]) as given (id, tag);

-- name: take(ids)
delete from things where id = any(:ids::int[]) returning id, tags;

-- name: find(id)^
select id, tags, payload from things where id = :id and 'a:b' <> 'c';

-- name: count()$
select count(*) from things;
"""


@pytest.fixture
async def things(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with pool(database, application="test", max_size=2) as opened:
        await opened.execute("create table things (id int primary key, tags text[], payload jsonb)")
        yield opened


@pytest.fixture
def sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "a_room_of_things" / "sql"
    (folder / "migrations").mkdir(parents=True)
    (folder / "migrations" / "0001-things.sql").write_text("create table things (id int);")
    (folder.parent / "__init__.py").touch()
    (folder / "things.sql").write_text(SQL)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield load("a_room_of_things")
    load.cache_clear()  # the next room of this name is another one
    sys.modules.pop("a_room_of_things")


async def test_named_sql_does_what_its_mark_says(things: asyncpg.Pool, sql: Any) -> None:
    async with things.acquire() as session, session.transaction():
        assert await sql.put(session, id=1, tags=["a", "b"], payload={"text": "ありがとう"}) == 1
        assert await sql.put_all(session, ids=[2, 3], tags=["c", None]) == "INSERT 0 2"
        assert await sql.count(session) == 3
        assert dict(await sql.find(session, id=1)) == {
            "id": 1,
            "tags": ["a", "b"],
            "payload": {"text": "ありがとう"},
        }
        assert await sql.find(session, id=9) is None
        assert [tuple(row) async for row in sql.take(session, ids=[2, 3])] == [(2, ["c"]), (3, [None])]
        assert await sql.count(session) == 1


async def test_a_parameter_that_is_not_given_is_an_error(things: asyncpg.Pool, sql: Any) -> None:
    with pytest.raises(KeyError, match="id"):
        await sql.find(things, key=1)


def test_a_parameter_that_is_not_declared_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a_room_with_a_typo"
    (folder / "sql").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "sql" / "typo.sql").write_text("-- name: find(id)^\nselect id from things where id = :ident;\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Exception, match="undeclared parameter name in query find: ident"):
        load("a_room_with_a_typo")


async def test_a_session_says_whose_it_is(database: str) -> None:
    async with pool(database, application="dispatcher") as opened:
        assert await opened.fetchval("show application_name") == "kaiwa-dispatcher"
        assert await opened.fetchval("show idle_in_transaction_session_timeout") == "1min"


async def test_a_pool_that_cannot_connect_says_so_without_the_password() -> None:
    with pytest.raises(DependencyError) as caught:
        async with pool("postgresql://u:hunter2@127.0.0.1:1/d", application="test"):
            pass
    assert str(caught.value).startswith("PostgreSQL is away (ConnectionRefusedError)")
    assert "hunter2" not in str(caught.value)


async def test_who_only_asks_gets_the_same_session_again_and_may_not_write(
    things: asyncpg.Pool, sql: Any, database: str
) -> None:
    """Broken by: a session opened for each question, or one that writes."""
    async with questions(database, application="test", most=1) as asking:
        async with asking.session() as session:
            first = await session.fetchval("select pg_backend_pid()")
            assert await sql.find(session, id=1) is None
        async with asking.session() as session:
            assert await session.fetchval("select pg_backend_pid()") == first
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with asking.session() as session:
                await sql.put(session, id=1, tags=["a"], payload=None)
    assert await sql.find(things, id=1) is None


async def test_a_session_that_was_lost_or_left_in_mid_question_is_not_used_again(
    things: asyncpg.Pool, database: str
) -> None:
    """Broken by: handing a session on whatever became of it."""
    async with questions(database, application="test", most=1) as asking:
        async with asking.session() as session:
            lost = await session.fetchval("select pg_backend_pid()")
        await things.execute("select pg_terminate_backend($1, 5000)", lost)
        with contextlib.suppress(asyncpg.PostgresError, OSError):  # where the loss has not been seen yet
            async with asking.session() as session:
                await session.fetchval("select 1")
        async with asking.session() as session:
            left = await session.fetchval("select pg_backend_pid()")
        with pytest.raises(TimeoutError):
            await _fall_asleep(asking)
        async with asking.session() as session:
            assert await session.fetchval("select pg_backend_pid()") not in (lost, left)


async def _fall_asleep(asking: Questions) -> None:
    async with asking.session() as session, asyncio.timeout(0.2):
        await session.fetchval("select pg_sleep(60)")
