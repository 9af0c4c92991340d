"""``kaiwa deletions …``: states and times, never an id of a person or content."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import asyncpg
import rich.table
import typer

from kaiwa.compliance.commands import asking, importing, restoring
from kaiwa.compliance.commands.database import Reading, database
from kaiwa.compliance.core.holders import SENDS_EMPTY_AFTER
from kaiwa.contracts.times import parse, rfc3339
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import load
from kaiwa.store import queries

_sql: Final = queries.load("kaiwa.compliance")

_SECONDS: Final = len("2026-11-22T10:00:00")

deletions = typer.Typer(help="What is to be deleted, and how far it is.")

_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "request": asking.request,
    "requests": asking.requests,
    "match": asking.match,
    "reject": asking.reject,
    "import": importing.import_,
    "hold": asking.hold,
    "unhold": asking.unhold,
    "holds": asking.holds,
    "reindex": restoring.reindex,
    "reapply": restoring.reapply_,
}
for _name, _command in _COMMANDS.items():
    deletions.command(_name)(_command)


@deletions.command("list")
def list_command(
    *,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that are not closed, the oldest first.")
    ] = False,
    most: Annotated[int, typer.Option("--most", min=1, help="So many of them.")] = 100,
    as_json: Json = False,
) -> None:
    """The erasures, newest first; of those that are open also whose receipts each waits for."""
    rows = asyncio.run(_list(load(Reading), most, only_open=only_open))
    table = rich.table.Table(box=None, padding=(0, 1, 0, 0))
    for name in ("erasure", "scope", "reason", "state", "received", *(["owes"] if only_open else [])):
        table.add_column(name, no_wrap=name in {"erasure", "received"})
    for row in rows:
        received = row["received_at"][:_SECONDS].replace("T", " ")
        owes = [", ".join(row["owes"])] if only_open else []
        table.add_row(row["erasure_id"], row["scope"], row["reason"], stands(row), received, *owes)
    emit(rows, as_json=as_json, table=table)


def stands(row: Mapping[str, Any]) -> str:
    """How far it is, and how long after its beginning it came there: ``closed, 27 s``."""
    reached = row.get(f"{row['state']}_at")
    took = (parse(reached) - parse(row["received_at"])).total_seconds() if reached else 0
    again = f", found again {row['found']} times" if row["found"] else ""
    after = f", {took:.0f} s" if row["state"] != "received" else ""
    return f"{row['state']}{after}{again}"


@deletions.command("show")
def show_command(
    erasure_id: Annotated[str, typer.Argument(help="As `kaiwa deletions list` shows it.")],
    *,
    as_json: Json = False,
) -> None:
    """One erasure: its states, its records by topic, and every holder's word."""
    shown = asyncio.run(_show(load(Reading), erasure_id))
    table = rich.table.Table("what", "value")
    for name, value in shown.items():
        for line in value if isinstance(value, list) else [value]:
            table.add_row(
                name, " ".join(f"{k}={v}" for k, v in line.items()) if isinstance(line, dict) else str(line)
            )
    emit(shown, as_json=as_json, table=table)


async def _list(settings: Reading, most: int, *, only_open: bool) -> list[dict[str, Any]]:
    async with database(settings.postgres) as opened:
        return [_plain(row) async for row in _sql.list_cases(opened, only_open=only_open, most=most)]


async def _show(settings: Reading, erasure_id: str) -> dict[str, Any]:
    async with database(settings.postgres) as opened:
        case = await _sql.show_case(opened, erasure_id=erasure_id)
        if case is None:
            raise Failure(f"no erasure {erasure_id}: see `kaiwa deletions list`")
        records = [_plain(row) async for row in _sql.count_targets(opened, erasure_id=erasure_id)]
        holders = [_plain(row) async for row in _sql.receipts_of(opened, erasure_id=erasure_id)]
    emptied = case["received_at"] + timedelta(seconds=SENDS_EMPTY_AFTER)
    # Nobody gives a receipt for this one: Kafka's retention empties it.
    sends = {"holder": "sends", "status": "by_retention", "count": None, "at": rfc3339(emptied)}
    return {**_plain(case), "records": records, "holders": [*holders, sends]}


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in row.items()}
