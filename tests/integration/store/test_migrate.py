"""Migrations on a real PostgreSQL: once each however many run them, whole or not at all."""

import asyncio
import json
import os
import subprocess
import sys

import asyncpg
import pytest

from kaiwa.runtime.errors import DependencyError, SettingsError
from kaiwa.store import migrate as room
from kaiwa.store.locks import key
from kaiwa.store.migrate import Migration, MigrationError, migrate, pending, require_current
from kaiwa.store.pool import connection

ENTRIES = Migration(
    "0001-entries",
    """
    -- A trigger's body has semicolons of its own; don't split here; or there.
    create table entries (n int primary key check (n % 2 = 0));
    create function refuse() returns trigger language plpgsql as $$
    begin
        raise exception 'entries are never changed; %', tg_op;
    end $$;
    create trigger immutable before update or delete on entries for each row execute function refuse();
    """,
)
COLUMN = Migration(
    "0002-column", "alter table entries add column note text; insert into entries values (2, 'two');"
)
BROKEN = {
    "in itself": "create table half (n int); select 1 / 0;",
    "as it is recorded": "create table half (n int); insert into migrations values ('0003-broken', 'taken');",
}


async def names(session: asyncpg.Connection, schema: str) -> list[str]:
    rows = await session.fetch(
        "select table_name from information_schema.tables where table_schema = $1", schema
    )
    return sorted(row["table_name"] for row in rows)


async def test_what_is_pending_is_applied_once(database: str) -> None:
    known = {"first": [ENTRIES, COLUMN], "second": [ENTRIES]}
    assert await pending(database, known) == {
        "first": ["0001-entries", "0002-column"],
        "second": ["0001-entries"],
    }
    assert await migrate(database, {"first": [ENTRIES]}) == {"first": ["0001-entries"]}
    assert await migrate(database, known) == {"first": ["0002-column"], "second": ["0001-entries"]}
    assert await migrate(database, known) == {"first": [], "second": []}
    async with connection(database, application="test") as session:
        assert await names(session, "first") == ["entries", "migrations"]
        assert await names(session, "second") == ["entries", "migrations"]
        assert await names(session, "public") == []
        with pytest.raises(asyncpg.RaiseError, match="never changed; UPDATE"):
            await session.execute("update first.entries set note = 'changed'")


async def test_pending_changes_nothing(database: str) -> None:
    await pending(database, {"first": [ENTRIES]})
    async with connection(database, application="test") as session:
        assert not await session.fetchval("select exists (select from pg_namespace where nspname = 'first')")


@pytest.mark.parametrize("how", BROKEN)
async def test_a_migration_is_applied_and_recorded_whole_or_not_at_all(database: str, how: str) -> None:
    """Mutation: take the record out of the file's transaction, and the table `half` stays."""
    known = {"first": [ENTRIES, COLUMN, Migration("0003-broken", BROKEN[how])]}
    with pytest.raises((asyncpg.DivisionByZeroError, asyncpg.UniqueViolationError)):
        await migrate(database, known)
    async with connection(database, application="test") as session:
        assert await names(session, "first") == ["entries", "migrations"]
    assert await pending(database, known) == {"first": ["0003-broken"]}


async def test_many_runs_at_once_apply_each_migration_once(database: str) -> None:
    """Mutation: leave out the advisory lock, and runs collide."""
    runs = await asyncio.gather(*(migrate(database, {"first": [ENTRIES, COLUMN]}) for _ in range(8)))
    assert sorted(run["first"] for run in runs) == [[]] * 7 + [["0001-entries", "0002-column"]]


async def test_a_run_that_was_killed_leaves_no_lock(database: str) -> None:
    """SIGKILL ends the session, and the session ends the lock (yoyo's lock is a row, which stays)."""
    program = f"""
import asyncio, os, signal, asyncpg
async def main():
    session = await asyncpg.connect(os.environ["DSN"])
    await session.execute("select pg_advisory_lock({key(room.GROUP)})")
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={**os.environ, "DSN": database}
    )
    assert await killed.wait() == -9
    async with asyncio.timeout(20):
        assert await migrate(database, {"first": [ENTRIES]}) == {"first": ["0001-entries"]}


async def test_an_edited_migration_is_refused(database: str) -> None:
    await migrate(database, {"first": [ENTRIES]})
    with pytest.raises(MigrationError, match="was edited"):
        await migrate(database, {"first": [Migration(ENTRIES.name, "select 1")]})


async def test_a_worker_refuses_an_old_schema(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"first": [ENTRIES]}
    monkeypatch.setattr(room, "rooms", lambda: known)
    with pytest.raises(DependencyError, match="lacks 0001-entries: run `kaiwa db migrate`"):
        await require_current(database, "first")
    await migrate(database, known)
    await require_current(database, "first")


@pytest.mark.parametrize(
    ("dsn", "error"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", DependencyError),
        ("postgresql://host:port/nothing", SettingsError),
        ("nothing", SettingsError),
    ],
)
async def test_a_database_that_is_away_is_one_line(dsn: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="KAIWA_POSTGRES__DSN"):
        await pending(dsn, {})


def test_the_command_shows_its_plan_and_applies_it(database: str) -> None:
    def kaiwa(*arguments: str) -> dict[str, dict[str, list[str]]]:
        command = [
            sys.executable,
            "-c",
            "from kaiwa.runtime.cli import main; main()",
            "db",
            "migrate",
            "--json",
        ]
        environment = {**os.environ, "KAIWA_POSTGRES__DSN": database}
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=True
        )
        result: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
        return result

    planned = kaiwa("--plan")["pending"]
    assert kaiwa()["applied"] == planned
    assert not any(kaiwa()["applied"].values())


async def test_a_migration_gives_way_to_a_worker_and_tries_again(database: str) -> None:
    """As a deadlock under load, met in a rolling upgrade: a worker holds one table, then wants the one that the
    migration holds. Broken by: a migration that is not tried again.
    """
    both = Migration("0001-both", "create table a (n int); create table b (n int);")
    await migrate(database, {"room": [both]})
    change = Migration(
        "0002-change", "alter table room.a add column m int; alter table room.b add column m int;"
    )
    async with connection(database, application="worker") as worker:
        async with worker.transaction():
            await worker.execute("insert into room.b values (1)")
            migrating = asyncio.create_task(migrate(database, {"room": [both, change]}))
            async with connection(database, application="watch") as watch:
                held = "select count(*) from pg_locks where relation = 'room.a'::regclass and granted"
                async with asyncio.timeout(30):
                    while not await watch.fetchval(held):  # noqa: ASYNC110 - another session's lock
                        await asyncio.sleep(0.01)
            await worker.execute("insert into room.a values (1)")
            await asyncio.sleep(0)
            assert not migrating.done(), "it is the migration that waits"
        assert await migrating == {"room": ["0002-change"]}
        assert await worker.fetchval("select count(*) from room.a where m is null") == 1
