"""`kaiwa accounts …`: the registry."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from kaiwa.dispatcher.accounts import apply
from kaiwa.dispatcher.accounts_file import Entry, Step, plan, read
from kaiwa.dispatcher.commands.check import check
from kaiwa.dispatcher.commands.connect import connect
from kaiwa.dispatcher.commands.health import health
from kaiwa.dispatcher.commands.link import link
from kaiwa.dispatcher.commands.pausing import pause, resume
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.settings import Dispatcher
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import Postgres, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import connection
from kaiwa.store.queries import load as load_queries

_ROUTING = {None: "", "routed": "default app", "open": "zero-config: all apps answer"}

_sql = load_queries("kaiwa.dispatcher")

accounts = typer.Typer(help="Instagram accounts: what is registered, and in which state.")
accounts.command()(connect)
accounts.command()(check)
accounts.command()(link)
accounts.command()(health)
accounts.command()(pause)
accounts.command()(resume)


class RegistrySettings(Settings):
    postgres: Postgres
    dispatcher: Dispatcher


class ReadSettings(Settings):
    postgres: Postgres


@accounts.command("apply")
def apply_command(
    file: Annotated[Path, typer.Argument(help="The accounts file (JSON).")],
    *,
    dry_run: Annotated[bool, typer.Option("--plan", help="Show what would change, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make the registry equal to a file: add, change, pause what is gone."""
    settings = load(RegistrySettings)
    entries = read(file)
    steps = asyncio.run(_apply(settings, entries, dry_run=dry_run))
    table = Table("account", "planned" if dry_run else "done")
    for step in steps:
        table.add_row(step.account_id, step.action)
    emit([{"account_id": s.account_id, "action": s.action} for s in steps], as_json=as_json, table=table)


async def _apply(settings: RegistrySettings, entries: list[Entry], *, dry_run: bool) -> list[Step]:
    dsn = settings.postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="accounts") as session:
        if dry_run:
            stored = {row["account_id"]: row async for row in _sql.all_accounts(session)}
            return plan(entries, stored)
        return await apply(session, entries, Contents.from_file(settings.dispatcher.seal_key_file))


@accounts.command("list")
def list_command(*, as_json: Json = False) -> None:
    """The registered accounts and their states. Exit code 1 when there are none."""
    settings = load(ReadSettings)
    rows = asyncio.run(_list(settings.postgres.dsn.get_secret_value()))
    if not rows:
        raise Failure("no account is registered: run `kaiwa accounts apply accounts.json`")
    table = Table(
        "account", "name", "login", "app", "state", "human agent", "default app", "routing", "locale"
    )
    for row in rows:
        flags = ("yes" if row["human_agent"] else "no", "yes" if row["default_app"] else "no")
        table.add_row(
            row["account_id"],
            row["display_name"],
            row["login"],
            row["app_id"],
            row["state"],
            *flags,
            _ROUTING[row["routing"]],
            row["locale"],
        )
    emit(rows, as_json=as_json, table=table)


async def _list(dsn: str) -> list[dict[str, Any]]:
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="accounts") as session:
        return [dict(row) async for row in _sql.all_accounts(session)]
