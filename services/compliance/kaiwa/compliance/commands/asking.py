"""What an operator asks for: an erasure, a match for a request that found none, a hold."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Final

import rich.table
import typer

from kaiwa.compliance.commands.database import Reading, database
from kaiwa.compliance.commands.edges import AccountId, CustomerId, hash_key
from kaiwa.compliance.core.erasure import account_hash, customer_hash
from kaiwa.compliance.core.requests import Begin, Refusal, Refuse, Request
from kaiwa.compliance.requests import ANSWER_WITHIN, refuse, settle
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import ids
from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import load
from kaiwa.store import queries

_sql: Final[Any] = queries.load("kaiwa.compliance")

_DAY: Final = len("2026-11-22")

Code = Annotated[str, typer.Argument(help="The confirmation code, as `kaiwa deletions requests` shows it.")]


def request(*, account: AccountId, customer: CustomerId = None, as_json: Json = False) -> None:
    """Erase all there is of a customer, or of an account, until now."""
    code = ids.random()
    asyncio.run(_ask(load(ComplianceSettings), code, account, customer))
    emit(
        {"code": code, "state": "in_progress"},
        as_json=as_json,
        table=f"{code}: in progress; see `kaiwa deletions list`",
    )


async def _ask(settings: ComplianceSettings, code: str, account: str, customer: str | None) -> None:
    async with database(settings.postgres) as opened, opened.transaction():
        await _sql.ask(
            opened,
            code=code,
            source="operator",
            app_id=None,
            user_id=None,
            account_id=account,
            customer_id=customer,
            within=ANSWER_WITHIN,
        )
        wanted = Request(code, "operator", None, None, account, customer)
        decision = await _settle(opened, settings, wanted)
    _explain(decision, code)


def match(code: Code, *, account: AccountId, customer: CustomerId = None, as_json: Json = False) -> None:
    """Say whom a request in the queue means; its erasure begins."""
    asyncio.run(_match(load(ComplianceSettings), code, account, customer))
    emit({"code": code, "state": "in_progress"}, as_json=as_json, table=f"{code}: in progress")


async def _match(settings: ComplianceSettings, code: str, account: str, customer: str | None) -> None:
    async with database(settings.postgres) as opened, opened.transaction():
        row = await _sql.request_to_settle(opened, code=code)
        if row is None:
            raise Failure(f"no request {code} waits for a match: see `kaiwa deletions requests`")
        await _sql.mean(opened, code=code, account_id=account, customer_id=customer)
        meant = Request(code, row["source"], row["app_id"], row["user_id"], account, customer)
        decision = await _settle(opened, settings, meant)
    _explain(decision, code)


def reject(
    code: Code,
    *,
    reason: Annotated[Refusal, typer.Option("--reason", help="What the status page says.")],
    as_json: Json = False,
) -> None:
    """Refuse a request in the queue, with a reason that its status page shows."""
    done = asyncio.run(_reject(load(Reading), code, reason))
    if not done:
        raise Failure(f"no request {code} waits for a match: see `kaiwa deletions requests`")
    emit(
        {"code": code, "state": "refused", "refusal": reason.value},
        as_json=as_json,
        table=f"{code}: refused, {reason.value}",
    )


async def _reject(settings: Reading, code: str, reason: Refusal) -> bool:
    async with database(settings.postgres) as opened:
        return await refuse(opened, code, reason.value)


def requests(
    *,
    most: Annotated[
        int, typer.Option("--most", min=1, help="So many: those in the queue, then the newest.")
    ] = 100,
    as_json: Json = False,
) -> None:
    """What people asked for; in the queue is what nobody could match yet."""
    rows = asyncio.run(_requests(load(Reading), most))
    table = rich.table.Table(box=None, padding=(0, 1, 0, 0))
    for name in ("code", "source", "state", "due", "app:user"):
        table.add_column(name, no_wrap=name in {"code", "app:user"})  # they are copied from here
    for row in rows:
        state = f"{row['state']}, {row['refusal']}" if row["refusal"] else row["state"]
        user = f"{row['app_id']}:{row['user_id']}" if row["user_id"] else ""
        table.add_row(row["code"], row["source"], state, row["due_at"][:_DAY], user)
    emit(rows, as_json=as_json, table=table)


async def _requests(settings: Reading, most: int) -> list[dict[str, Any]]:
    async with database(settings.postgres) as opened:
        rows = [row async for row in _sql.list_requests(opened, most=most)]
    moments = ("received_at", "due_at", "finished_at")
    return [{**row, **{name: row[name] and rfc3339(row[name]) for name in moments}} for row in rows]


def hold(
    *,
    account: AccountId,
    customer: CustomerId = None,
    reference: Annotated[str, typer.Option("--reference", help="The matter, as the lawyers call it.")],
    as_json: Json = False,
) -> None:
    """The law obliges us to keep this: requests to delete it are refused. An unsend is not."""
    asyncio.run(_hold(load(ComplianceSettings), account, customer, reference))
    emit({"held": True, "reference": reference}, as_json=as_json, table=f"held: {reference}")


async def _hold(settings: ComplianceSettings, account: str, customer: str | None, reference: str) -> None:
    async with database(settings.postgres) as opened:
        await _sql.place_hold(opened, **_held(settings, account, customer), reference=reference)


def unhold(*, account: AccountId, customer: CustomerId = None, as_json: Json = False) -> None:
    """The hold is over. What was refused stays refused: it has to be asked for again."""
    reference = asyncio.run(_unhold(load(ComplianceSettings), account, customer))
    if reference is None:
        raise Failure("there is no such hold: see `kaiwa deletions holds`")
    emit({"held": False, "reference": reference}, as_json=as_json, table=f"no longer held: {reference}")


async def _unhold(settings: ComplianceSettings, account: str, customer: str | None) -> str | None:
    async with database(settings.postgres) as opened:
        found: str | None = await _sql.lift_hold(opened, **_held(settings, account, customer))
    return found


def holds(*, as_json: Json = False) -> None:
    """The holds, by their references: whom they are about is kept as hashes alone."""
    rows = asyncio.run(_holds(load(Reading)))
    table = rich.table.Table("reference", "scope", "placed")
    for row in rows:
        table.add_row(row["reference"], row["scope"], row["placed_at"])
    emit(rows, as_json=as_json, table=table)


async def _holds(settings: Reading) -> list[dict[str, Any]]:
    async with database(settings.postgres) as opened:
        return [
            {
                "reference": row["reference"],
                "scope": "customer" if row["customer_hash"] else "account",
                "placed_at": rfc3339(row["placed_at"]),
            }
            async for row in _sql.list_holds(opened)
        ]


def _held(settings: ComplianceSettings, account: str, customer: str | None) -> dict[str, str]:
    key = hash_key(settings)
    return {
        "account_hash": account_hash(key, account),
        "customer_hash": "" if customer is None else customer_hash(key, account, customer),
    }


async def _settle(opened: Any, settings: ComplianceSettings, wanted: Request) -> Begin | Refuse:
    decision = await settle(
        opened,
        wanted,
        (),
        key=hash_key(settings),
        bound=timedelta(seconds=settings.compliance.bound),
        now=utc_now(),
    )
    assert isinstance(decision, Begin | Refuse), "an account is named"  # noqa: S101 - for the type checker
    return decision


def _explain(decision: Begin | Refuse, code: str) -> None:
    """After the commit: a refusal is recorded, and the person can read it."""
    if isinstance(decision, Refuse):
        raise Failure(f"{code} was refused: {decision.refusal}; see `kaiwa deletions holds`")
