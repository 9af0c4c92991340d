"""``kaiwa findings``: what the audit flagged and nothing has cleared, one by one."""

import asyncio
from typing import Annotated, Any, Final

import rich.table
import typer

from kaiwa.compliance.commands.database import database
from kaiwa.compliance.commands.edges import accounts, hash_key
from kaiwa.compliance.core.audit.verdicts import FINDINGS
from kaiwa.compliance.core.erasure import account_hash
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.cli import Json, emit
from kaiwa.runtime.settings import load
from kaiwa.store import queries

_sql: Final = queries.load("kaiwa.compliance")


def findings(
    *,
    most: Annotated[int, typer.Option("--most", min=1, help="The newest so many.")] = 100,
    as_json: Json = False,
) -> None:
    """What the audit found and nothing has cleared: when, of which account, and what it means; newest first."""
    rows = asyncio.run(_read(load(ComplianceSettings), most))
    table = rich.table.Table(box=None, padding=(0, 1, 0, 0))
    for name in ("at", "account", "name", "kind", "state", "due by", "author", "what it means"):
        table.add_column(name, no_wrap=name in {"at", "account"})
    for row in rows:
        table.add_row(*(str(row[name] or "") for name in _SHOWN))
    emit(rows, as_json=as_json, table=table)


_SHOWN: Final = ("at", "account_id", "display_name", "kind", "state", "trigger", "author", "means")


async def _read(settings: ComplianceSettings, most: int) -> list[dict[str, Any]]:
    """Tables know an account by its hash alone: the registry says which it is, for as long as it is in there."""
    key = hash_key(settings)
    known = {account_hash(key, each.account_id): each for each in await accounts(settings.kafka)}
    async with database(settings.postgres) as opened:
        rows = [dict(row) async for row in _sql.list_findings(opened, most=most)]
    for row in rows:
        account = known.get(row.pop("account_hash"))
        row["account_id"] = account and account.account_id
        row["display_name"] = account and account.display_name
        row["means"] = FINDINGS[row["kind"]].get(row["state"], "")
        row["at"] = rfc3339(row["at"])
    return rows
