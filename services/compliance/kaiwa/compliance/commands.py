"""``kaiwa ledger …`` and ``kaiwa deletions …``: states and times, never an id of a person or content."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import msgspec
import rich.table
import typer

from kaiwa.bus.reader import read
from kaiwa.compliance.core.checkpoints import Check, Tampered, Witness, public_keys, signing_key
from kaiwa.compliance.core.entries import Entry
from kaiwa.compliance.core.erasure import SENDS_EMPTY_AFTER
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Checkpoint, decode_checkpoint
from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import Postgres, Settings, load
from kaiwa.store import queries
from kaiwa.store.pool import connection

_PAGE: Final = 10_000  # entries read at once

_sql: Final = queries.load("kaiwa.compliance")

ledger = typer.Typer(help="The proof of what was deleted.")
deletions = typer.Typer(help="What is to be deleted, and how far it is.")


class _Reading(Settings):
    postgres: Postgres


@asynccontextmanager
async def _database(settings: _Reading | ComplianceSettings) -> AsyncIterator[asyncpg.Connection]:
    async with connection(settings.postgres.dsn.get_secret_value(), application="command") as opened:
        yield opened


# ── ledger ────────────────────────────────────────────────────────────────────────────────────────────────────────


@ledger.callback()
def _group() -> None:
    """A group even while it has one command."""


@ledger.command("verify")
def verify_command(*, as_json: Json = False) -> None:
    """Recompute the ledger and compare it with every signed checkpoint: the database's, Kafka's and the file's."""
    settings = load(ComplianceSettings)
    try:
        found = asyncio.run(_verify(settings))
    except Tampered as finding:
        if as_json:
            emit({"ok": False, "finding": str(finding)}, as_json=True, table="")
        raise Failure(f"the ledger was altered: {finding}") from finding
    sentence = f"{found['entries']} entries are what {found['checkpoints']} checkpoints signed"
    emit({"ok": True, **found}, as_json=as_json, table=sentence)


async def _verify(settings: ComplianceSettings) -> dict[str, int]:
    # The witnesses first: an entry sealed while we read is then only newer than they are.
    witnesses = [Witness("topic", head) async for head in _published(settings)]
    witnesses += [Witness("file", head) for head in _written(settings.compliance.checkpoint_file)]
    keys = public_keys(signing_key(seed) for seed in read_keys(settings.compliance.signing_key_file))
    async with (
        _database(settings) as database,
        database.transaction(isolation="repeatable_read", readonly=True),
    ):
        async for row in _sql.all_checkpoints(database):
            witnesses.append(Witness("database", Checkpoint(**row)))
        check = Check(witnesses, keys)
        async for row in _sealed(database):
            check.entry(row["seq"], Entry(row["kind"], row["recorded_at"], row["commitment"]), row["leaf"])
        check.end()
    return {"entries": check.tree.size, "checkpoints": len({w.checkpoint.tree_size for w in witnesses})}


async def _sealed(database: asyncpg.Connection) -> AsyncIterator[asyncpg.Record]:
    first = 0
    while rows := [row async for row in _sql.sealed_from(database, first=first, most=_PAGE)]:
        for row in rows:
            yield row
        first = rows[-1]["seq"] + 1


async def _published(settings: ComplianceSettings) -> AsyncIterator[Checkpoint]:
    async for record in read(settings.kafka, [topics.CHECKPOINTS], client_id="kaiwa.command"):
        if record.value:
            yield _decoded(record.value, "topic")


def _written(file: Path | None) -> Iterable[Checkpoint]:
    if file is None or not file.exists():
        return []
    return [_decoded(line, "file") for line in file.read_bytes().splitlines() if line]


def _decoded(value: bytes, kept_by: str) -> Checkpoint:
    try:
        return decode_checkpoint(value)
    except msgspec.DecodeError:
        raise Tampered(f"a checkpoint in the {kept_by} cannot be read") from None


# ── deletions ─────────────────────────────────────────────────────────────────────────────────────────────────────


@deletions.command("list")
def list_command(
    *,
    most: Annotated[int, typer.Option("--most", min=1, help="The newest so many.")] = 100,
    as_json: Json = False,
) -> None:
    """The erasures, newest first."""
    rows = asyncio.run(_list(load(_Reading), most))
    table = rich.table.Table(
        "erasure", "reason", "state", "received", "tombstoned", "verified", "closed", "found"
    )
    for row in rows:
        moments = (row[name] or "" for name in ("received_at", "tombstoned_at", "verified_at", "closed_at"))
        table.add_row(row["erasure_id"], row["reason"], row["state"], *moments, str(row["found"]))
    emit(rows, as_json=as_json, table=table)


@deletions.command("show")
def show_command(
    erasure_id: Annotated[str, typer.Argument(help="As `kaiwa deletions list` shows it.")],
    *,
    as_json: Json = False,
) -> None:
    """One erasure: its states, its records by topic, and every holder's word."""
    shown = asyncio.run(_show(load(_Reading), erasure_id))
    table = rich.table.Table("what", "value")
    for name, value in shown.items():
        for line in value if isinstance(value, list) else [value]:
            table.add_row(
                name, " ".join(f"{k}={v}" for k, v in line.items()) if isinstance(line, dict) else str(line)
            )
    emit(shown, as_json=as_json, table=table)


async def _list(settings: _Reading, most: int) -> list[dict[str, Any]]:
    async with _database(settings) as database:
        return [_plain(row) async for row in _sql.list_cases(database, most=most)]


async def _show(settings: _Reading, erasure_id: str) -> dict[str, Any]:
    async with _database(settings) as database:
        case = await _sql.show_case(database, erasure_id=erasure_id)
        if case is None:
            raise Failure(f"no erasure {erasure_id}: see `kaiwa deletions list`")
        records = [_plain(row) async for row in _sql.count_targets(database, erasure_id=erasure_id)]
        holders = [_plain(row) async for row in _sql.receipts_of(database, erasure_id=erasure_id)]
    emptied = case["received_at"] + timedelta(seconds=SENDS_EMPTY_AFTER)
    # Nobody gives a receipt for this one: Kafka's retention empties it.
    sends = {"holder": "sends", "status": "by_retention", "count": None, "at": rfc3339(emptied)}
    return {**_plain(case), "records": records, "holders": [*holders, sends]}


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in row.items()}
