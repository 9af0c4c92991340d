"""``kaiwa report``: a period in figures, each with its entries in the ledger."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import msgspec
import typer

from kaiwa.bus.reader import read as records
from kaiwa.compliance.commands.database import snapshot
from kaiwa.compliance.core.erasure import account_hash
from kaiwa.compliance.core.figures import Read, figures
from kaiwa.compliance.ledger import head_of
from kaiwa.compliance.report.forms import as_csv, as_html, as_json
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import topics
from kaiwa.contracts.accounts import decode
from kaiwa.contracts.erasures import Checkpoint
from kaiwa.contracts.times import parse
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load
from kaiwa.store import queries

_sql: Final = queries.load("kaiwa.compliance")


def report(
    *,
    first: Annotated[
        str | None, typer.Option("--from", help="A day or a moment in UTC; 30 days ago if left out.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="The same, exclusive; now if left out.")] = None,
    out: Annotated[
        Path, typer.Option("--out", help="The file; its ending (.html, .json, .csv) says what it becomes.")
    ] = Path("report.html"),
    as_json_: Json = False,
) -> None:
    """What was asked, deleted, disclosed and found in a period, as a page, JSON or CSV."""
    settings = load(ComplianceSettings)
    now = utc_now()
    begin = _moment(first, "--from") if first else now - timedelta(days=30)
    end = _moment(last, "--to") if last else now
    if begin >= end:
        raise Failure("--from has to be before --to", code=2)
    made, head = asyncio.run(_read(settings, begin, end, now))
    told = figures(made)
    match out.suffix:
        case ".html":
            text = as_html(made, told, head)
        case ".json":
            text = json.dumps(as_json(made, told, head), ensure_ascii=False, indent=2) + "\n"
        case ".csv":
            text = as_csv(told)
        case _:
            raise Failure(f"{out} ends in none of .html, .json, .csv", code=2)
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise Failure(f"{out} cannot be written ({error.strerror})", code=2) from error
    emit(as_json(made, told, head), as_json=as_json_, table=f"{out}: {len(told)} figures")


async def _read(
    settings: ComplianceSettings, first: datetime, last: datetime, now: datetime
) -> tuple[Read, Checkpoint | None]:
    names = await _names(settings)
    async with snapshot(settings.postgres) as opened:
        period = {"first": first, "last": last}
        cases = await _rows(_sql.cases_within(opened, **period))
        begun = min([first, *(case["received_at"] for case in cases)]) - timedelta(minutes=1)
        newest = await _sql.newest_checkpoint(opened)
        made = Read(
            first,
            last,
            entries=await _rows(_sql.entries_since(opened, first=begun, last=now)),
            cases=cases,
            duties=await _rows(_sql.duties_within(opened, **period)),
            requests=await _rows(_sql.requests_within(opened, **period)),
            verdicts=await _rows(_sql.verdicts_within(opened, **period)),
            cleared=await _rows(_sql.cleared_within(opened, **period)),
            names=names,
            now=now,
        )
    return made, newest and head_of(newest)


async def _rows(found: Any) -> list[Mapping[str, Any]]:
    rows: list[asyncpg.Record] = [row async for row in found]
    return [dict(row) for row in rows]


async def _names(settings: ComplianceSettings) -> dict[str, str]:
    """What the registry calls the accounts, by the hash under which everything here knows them."""
    key = read_keys(settings.compliance.hash_key_file)[0]
    found = {}
    async for record in records(settings.kafka, [topics.ACCOUNTS], client_id="kaiwa.command"):
        try:
            account = decode(record.value or b"")
        except msgspec.DecodeError:
            continue
        found[account_hash(key, account.account_id)] = account.display_name or account.account_id
    return found


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return parse(text) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise Failure(f"{option} is neither a day nor a moment: write 2026-11-01", code=2) from None
