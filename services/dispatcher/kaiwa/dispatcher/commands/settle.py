"""`kaiwa sends settle`: a person says what became of a message in doubt, having looked into the conversation."""

import asyncio
from typing import Annotated, Any, Literal

import asyncpg
import typer

from kaiwa.dispatcher import endings
from kaiwa.dispatcher.commands.accounts import RegistrySettings
from kaiwa.dispatcher.core.state import Policy
from kaiwa.runtime import metrics
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import connection
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

_USAGE = 2


def settle(
    request_id: str,
    *,
    sent: Annotated[
        bool | None,
        typer.Option("--sent/--not-sent", help="Whether the customer has it.", show_default=False),
    ] = None,
    mid: Annotated[str | None, typer.Option(help="The message's id, where it is known.")] = None,
    account: Annotated[str | None, typer.Option(help="Where several accounts have such a request.")] = None,
    as_json: Json = False,
) -> None:
    """Settle a message in doubt by hand: nothing is sent. Exit code 1 when there is none."""
    if sent is None:
        raise Failure("look into the conversation, then give --sent or --not-sent", _USAGE)
    if mid and not sent:
        raise Failure("--mid names a message that was sent: give it with --sent", _USAGE)
    settings = load(RegistrySettings)
    dsn, policy = settings.postgres.dsn.get_secret_value(), settings.dispatcher.policy
    state = asyncio.run(_settle(dsn, policy, request_id, account, sent=sent, mid=mid))
    emit({"request_id": request_id, "state": state}, as_json=as_json, table=f"{request_id}: {state}")


async def _settle(
    dsn: str, policy: Policy, request_id: str, account_id: str | None, *, sent: bool, mid: str | None
) -> Literal["sent", "failed"]:
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="settle") as session, session.transaction():
        part = await _doubted(session, request_id, account_id)
        if not sent:
            await endings.lost(session, part)
            return "failed"
        if mid and await _sql.mid_is_taken(session, account_id=part["account_id"], mid=mid):
            raise Failure(f"{mid} is another request's message: leave --mid out, or look again")
        metrics.SETTLED.labels("operator").inc()
        await endings.delivered(
            session, part, mid=mid, evidence="operator", at=part["called_at"], policy=policy
        )
        return "sent"


async def _doubted(session: asyncpg.Connection, request_id: str, account_id: str | None) -> Any:
    found = _sql.doubted_parts(session, request_id=request_id, account_id=account_id)
    ids = [row["part_id"] async for row in found]
    parts = [row async for row in _sql.lock_parts(session, ids=ids)]
    doubted = [part for part in parts if part["part_state"] == "in_doubt"]
    match doubted:
        case [part]:
            return part
        case []:
            raise Failure(f"no message of {request_id} is in doubt: see `kaiwa sends show {request_id}`")
        case _:
            names = ", ".join(sorted(part["account_id"] for part in doubted))
            raise Failure(
                f"several accounts have a request {request_id}: give --account, one of {names}", _USAGE
            )
