"""``kaiwa deletions reindex`` and ``kaiwa deletions reapply``: what follows a lost index and a restored backup."""

import asyncio
import csv
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from kaiwa.compliance.again import Found, installed, reapply, replay
from kaiwa.compliance.commands.edges import Bar, hash_key
from kaiwa.compliance.core.erasure import Subject
from kaiwa.compliance.forget import open_days
from kaiwa.compliance.handlers import Intake
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import ids
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import load
from kaiwa.store.pool import pool


def reindex(*, as_json: Json = False) -> None:
    """Build the index anew from the topics. Safe while the service runs, and as often as you like."""
    count = asyncio.run(_reindex(load(ComplianceSettings)))
    emit({"records": count}, as_json=as_json, table=f"{count} records read")


async def _reindex(settings: ComplianceSettings) -> int:
    async with pool(settings.postgres.dsn.get_secret_value(), application="command") as opened:
        return await _replay(opened, settings)


async def _replay(opened: asyncpg.Pool, settings: ComplianceSettings) -> int:
    own = settings.compliance
    async with opened.acquire() as connection:
        await open_days(connection, retention=own.retention)
    intake = Intake(opened, key=hash_key(settings), bound=timedelta(seconds=own.bound), wake=asyncio.Event())
    with Bar("records") as bar:
        return await replay(settings.kafka, intake, bar.moved)


def reapply_(
    *,
    holding: Annotated[
        list[Path] | None,
        typer.Option(
            "--holding",
            help="A CSV of what another restored holder has: account_id, customer_id, mid; may be repeated.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """After a restore: what was deleted before and is there again is deleted again."""
    listed = [_listed(file) for file in holding or []]
    found = asyncio.run(_reapply(load(ComplianceSettings), listed))
    scopes = [each.subject.scope for each in found.again]
    result: dict[str, Any] = {
        "orders": found.orders,
        "taken_up": found.taken_up,
        "reapplied": {scope: scopes.count(scope) for scope in ("message", "customer", "account")},
    }
    sentence = (
        f"{found.orders} orders in Kafka: {found.taken_up} open ones taken up again, and deleted again: "
        + ", ".join(f"{count} {scope}s" for scope, count in result["reapplied"].items())
    )
    emit(result, as_json=as_json, table=sentence)


async def _reapply(settings: ComplianceSettings, listed: list[list[Subject]]) -> Found:
    dsn = settings.postgres.dsn.get_secret_value()
    async with pool(dsn, application="command") as opened:
        await _replay(opened, settings)
        return await reapply(
            opened,
            settings.kafka,
            [*installed(dsn), *map(_each, listed)],
            key=hash_key(settings),
            bound=timedelta(seconds=settings.compliance.bound),
            run=ids.random(),
            now=utc_now(),
        )


def _listed(file: Path) -> list[Subject]:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read as text", code=2) from error
    found = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        if row.get("account_id") is None or None in row:
            raise Failure(
                f"{file}: line {number} is broken: account_id, customer_id, mid are its columns", code=2
            )
        found.append(
            Subject(row["account_id"] or None, row.get("customer_id") or None, row.get("mid") or None)
        )
    return found


async def _each(subjects: Iterable[Subject]) -> AsyncIterator[Subject]:
    for subject in subjects:
        yield subject
