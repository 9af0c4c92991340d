"""`kaiwa db migrate`: the schema of every room, made or brought up to date."""

import asyncio
from typing import Annotated

import typer

from kaiwa.runtime.cli import Json, emit
from kaiwa.runtime.settings import Postgres, Settings, load
from kaiwa.store.migrate import migrate, pending, rooms

db = typer.Typer(help="The database.")


class _Settings(Settings):
    postgres: Postgres


@db.command("migrate")
def migrate_command(
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Show what is pending, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Apply every pending migration; safe to run at any time and by several at once."""
    dsn = load(_Settings).postgres.dsn.get_secret_value()
    names = asyncio.run((pending if plan else migrate)(dsn, rooms()))
    verb = "pending" if plan else "applied"
    lines = [f"{schema}: {verb} {', '.join(found) or 'nothing'}" for schema, found in names.items()]
    emit({verb: names}, as_json=as_json, table="\n".join(lines) or "no room has migrations")
