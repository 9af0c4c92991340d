"""Migrations: plain `.sql` files, in order, each once, each in a transaction of its own.

A room that keeps tables says so by entry point, and has a schema of that name:

    [project.entry-points."kaiwa.migrations"]
    dispatcher = "kaiwa.dispatcher"           # files: kaiwa/dispatcher/sql/migrations/0001-accounts.sql

Within a migration the search path is that schema alone, so a table lands there and a slip cannot touch a neighbour's.
What was applied stands in `<schema>.migrations` with its checksum: an edited file is refused, not ignored. Runs exclude
each other by an advisory lock, which ends with the process however it ends. Files are expand first, contract later: the
previous release still runs while they are applied, and a migration that meets its transactions gives way and tries again.

Why not yoyo, which was tried: its lock is a row that outlives a killed run and stops every later one, an edited file
goes unnoticed, and it leaves connections open.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Final

import asyncpg

from kaiwa.runtime.errors import DependencyError, KaiwaError
from kaiwa.store import queries
from kaiwa.store.locks import advisory
from kaiwa.store.pool import connection

GROUP: Final = "kaiwa.migrations"
_sql: Final = queries.load("kaiwa.store")
_LOCK_TIMEOUT: Final = "500ms"
"""Below PostgreSQL's `deadlock_timeout` of 1 s; and whoever waits for a lock makes everybody else wait behind it."""
_PAUSES: Final = (0.1, 0.2, 0.4, *(0.8,) * 30)
"""Seconds before the next try: about half a minute in all."""
_FILE: Final = re.compile(r"\d{4}-[a-z0-9-]+\.sql")


class MigrationError(KaiwaError):
    """The files and the database disagree about what was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; `name` is the file's, without `.sql`."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def rooms() -> dict[str, list[Migration]]:
    """The migrations of every installed room, by schema."""
    return {
        entry.name: read(entry.value) for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)
    }


def read(package: str) -> list[Migration]:
    """The migrations of one room, in order."""
    folder = files(package) / "sql" / "migrations"
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    if odd := [file.name for file in found if not _FILE.fullmatch(file.name)]:
        raise MigrationError(
            f"{package}: {', '.join(odd)} is not a name for a migration: write 0001-what-it-does.sql"
        )
    return [Migration(file.name.removesuffix(".sql"), file.read_text("utf-8")) for file in found]


def plan(known: Iterable[Migration], applied: Mapping[str, str]) -> list[Migration]:
    """What is still to apply, given the checksums of what was.

    What is applied and not known is a newer release's, and left alone.
    """
    newest = max(applied, default="")
    todo = []
    for migration in known:
        checksum = applied.get(migration.name)
        if checksum is None and migration.name < newest:
            raise MigrationError(
                f"{migration.name} comes before {newest}, which is applied: give it a higher number"
            )
        if checksum is not None and checksum != migration.checksum:
            raise MigrationError(
                f"{migration.name} was edited after it was applied: restore it and add another file"
            )
        if checksum is None:
            todo.append(migration)
    return todo


async def migrate(dsn: str, known: Mapping[str, Iterable[Migration]]) -> dict[str, list[str]]:
    """Apply what is pending of every schema; the names applied. Safe to run any number of times at once."""
    async with connection(dsn, application="migrate") as session, advisory(session, GROUP):
        return {schema: await _migrate(session, schema, migrations) for schema, migrations in known.items()}


async def pending(dsn: str, known: Mapping[str, Iterable[Migration]]) -> dict[str, list[str]]:
    """What `migrate` would apply; changes nothing."""
    async with connection(dsn, application="migrate") as session:
        return {
            schema: [migration.name for migration in plan(migrations, await _applied(session, schema))]
            for schema, migrations in known.items()
        }


async def require_current(dsn: str, schema: str) -> None:
    """What a worker does before it touches its tables: `DependencyError` while a migration is pending."""
    names = (await pending(dsn, {schema: rooms()[schema]}))[schema]
    if names:
        raise DependencyError(f"the schema {schema} lacks {', '.join(names)}: run `kaiwa db migrate`")


async def _migrate(session: asyncpg.Connection, schema: str, migrations: Iterable[Migration]) -> list[str]:
    todo = plan(migrations, await _applied(session, schema))
    # The name is a room's, from its entry point, not anybody's input.
    await session.execute(f'create schema if not exists "{schema}"')
    await _sql.prepare(session)
    for migration in todo:
        await _apply(session, migration)
    return [migration.name for migration in todo]


async def _apply(session: asyncpg.Connection, migration: Migration) -> None:
    """In one transaction, and again when workers were in its way: it is the one that gives way, never they."""
    for pause in [*_PAUSES, None]:
        try:
            async with session.transaction():
                await session.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
                await session.execute(migration.sql)
                await _sql.mark(session, name=migration.name, checksum=migration.checksum)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if pause is None:
                raise DependencyError(
                    f"{migration.name} cannot lock its tables: end long transactions on them and run this again"
                ) from error
            await asyncio.sleep(pause)
        else:
            return


async def _applied(session: asyncpg.Connection, schema: str) -> dict[str, str]:
    """The checksums of what the schema has seen; from here on the session looks at this schema alone."""
    await session.execute("select set_config('search_path', $1, false)", f'"{schema}"')
    if not await _sql.exists(session):
        return {}
    return {row["name"]: row["checksum"] async for row in _sql.applied(session)}
