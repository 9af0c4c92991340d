"""``kaiwa ledger …``: the proof of what was deleted."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
import typer

from kaiwa.bus.reader import read
from kaiwa.compliance.commands.database import database
from kaiwa.compliance.core.checkpoints import Check, Tampered, Witness, public_keys, signing_key
from kaiwa.compliance.core.entries import Entry
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Checkpoint, decode_checkpoint
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load
from kaiwa.store import queries

_PAGE: Final = 10_000  # entries read at once

_sql: Final = queries.load("kaiwa.compliance")

ledger = typer.Typer(help="The proof of what was deleted.")


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
        database(settings.postgres) as opened,
        opened.transaction(isolation="repeatable_read", readonly=True),
    ):
        async for row in _sql.all_checkpoints(opened):
            witnesses.append(Witness("database", Checkpoint(**row)))
        check = Check(witnesses, keys)
        async for row in _sealed(opened):
            check.entry(row["seq"], Entry(row["kind"], row["recorded_at"], row["commitment"]), row["leaf"])
        check.end()
    return {"entries": check.tree.size, "checkpoints": len({w.checkpoint.tree_size for w in witnesses})}


async def _sealed(opened: asyncpg.Connection) -> AsyncIterator[asyncpg.Record]:
    first = 0
    while rows := [row async for row in _sql.sealed_from(opened, first=first, most=_PAGE)]:
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
