"""``kaiwa deletions import``: a list of people, all of it or, where a row is broken, nothing of it."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer

from kaiwa.compliance.commands.database import database
from kaiwa.compliance.commands.edges import Bar, accounts, hash_key
from kaiwa.compliance.core.lists import Row, parse
from kaiwa.compliance.core.requests import Begin, Hold, Queue, Refuse, Request, Route, route
from kaiwa.compliance.requests import ANSWER_WITHIN, settle
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts.accounts import Account
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import load
from kaiwa.store import queries

_AT_ONCE: Final = 200  # rows of one transaction
_LISTED: Final = 10  # lines that a message names

_sql: Final[Any] = queries.load("kaiwa.compliance")


def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or JSON: user_id (and app_id), or account_id and customer_id.")
    ],
    *,
    app: Annotated[str | None, typer.Option("--app", help="The app of rows that name none.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would mean.")] = False,
    as_json: Json = False,
) -> None:
    """Take a list of people to forget. It may be run again after an interruption: nobody is taken twice."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read ({error.strerror})", code=2) from error
    rows, broken = parse(content, app_id=app)
    if broken:
        if as_json:
            emit({"ok": False, "broken": [asdict(each) for each in broken]}, as_json=True, table="")
        shown = "; ".join(f"line {each.line} {each.why}" for each in broken[:_LISTED])
        more = f"; and {len(broken) - _LISTED} more" if len(broken) > _LISTED else ""
        raise Failure(f"nothing was imported, as {file} has broken rows: {shown}{more}", code=2)
    result = asyncio.run(
        _import(load(ComplianceSettings), rows, hashlib.sha256(content).hexdigest(), dry_run=dry_run)
    )
    emit(result, as_json=as_json, table=_sentence(result))


def _sentence(result: dict[str, Any]) -> str:
    done = "would begin" if result["dry_run"] else "begun"
    text = (
        f"{result['rows']} rows: {result['begun']} {done}, {result['known']} known before, "
        f"{len(result['unmatched'])} without a match, {len(result['held'])} held"
    )
    for name in ("unmatched", "held"):
        if result[name]:
            text += f"\n{name}: line " + ", ".join(map(str, result[name]))
    return text


async def _import(
    settings: ComplianceSettings, rows: Sequence[Row], digest: str, *, dry_run: bool
) -> dict[str, Any]:
    known_accounts = await accounts(settings.kafka)
    counts: Counter[str] = Counter()
    lines: dict[str, list[int]] = {"unmatched": [], "held": []}
    async with database(settings.postgres) as opened:
        with Bar("rows") as bar:
            for first in range(0, len(rows), _AT_ONCE):
                page = rows[first : first + _AT_ONCE]
                async with opened.transaction():
                    for row, decision in await _page(
                        opened, settings, page, digest, known_accounts, dry_run=dry_run
                    ):
                        _count(counts, lines, row, decision)
                bar.moved(first + len(page), len(rows))
    return {
        "ok": True,
        "dry_run": dry_run,
        "rows": len(rows),
        "begun": counts["begun"],
        "known": counts["known"],
        **lines,
    }


def _count(counts: Counter[str], lines: dict[str, list[int]], row: Row, decision: Route | None) -> None:
    match decision:
        case None:
            counts["known"] += 1
        case Begin():
            counts["begun"] += 1
        case Queue():
            lines["unmatched"].append(row.line)
        case Refuse():
            lines["held"].append(row.line)


async def _page(
    opened: asyncpg.Connection,
    settings: ComplianceSettings,
    page: Sequence[Row],
    digest: str,
    known_accounts: Sequence[Account],
    *,
    dry_run: bool,
) -> list[tuple[Row, Route | None]]:
    """What became, or would become, of each row; None where it was taken before."""
    key = hash_key(settings)
    coded = {row.code(key, digest): row for row in page}
    known = {row["code"] async for row in _sql.codes_among(opened, codes=list(coded))}
    holds = [Hold(**row) async for row in _sql.holds(opened)]
    results: list[tuple[Row, Route | None]] = []
    for code, row in coded.items():
        request = Request(code, "list", row.app_id, row.user_id, row.account_id, row.customer_id)
        if code in known:
            decision = None
        elif dry_run:
            decision = route(request, known_accounts, holds, key)
        else:
            await _ask(opened, request)
            decision = await settle(
                opened,
                request,
                known_accounts,
                key=key,
                bound=timedelta(seconds=settings.compliance.bound),
                now=utc_now(),
            )
        results.append((row, decision))
    return results


async def _ask(opened: asyncpg.Connection, request: Request) -> None:
    await _sql.ask(
        opened,
        code=request.code,
        source=request.source,
        app_id=request.app_id,
        user_id=request.user_id,
        account_id=request.account_id,
        customer_id=request.customer_id,
        within=ANSWER_WITHIN,
    )
