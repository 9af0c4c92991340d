"""`kaiwa accounts pause|resume ACCOUNT`: nothing is sent for an account for as long as a person wants."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import typer

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher import accounts
from kaiwa.dispatcher.commands.check import ReadSettings
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import Connection, connection
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")

_Account = Annotated[str, typer.Argument(help="The account's id.")]

_RESUMED: dict[State | None, str] = {
    "ineligible": "Meta is asked about it first, then what waited goes out, if its window allows",
    "needs_reauth": "it has no token: its owner logs in again, `kaiwa accounts connect`",
    None: "it was not paused: nothing was changed",
}


def pause(account: _Account, *, as_json: Json = False) -> None:
    """Send nothing for an account until it is resumed; what is asked for meanwhile waits. Applying its file resumes it, too."""
    state = asyncio.run(_change(load(ReadSettings), account, accounts.pause))
    if state == "restricted":
        raise Failure(
            f"account {account} is restricted by Meta: nothing is sent, and it stays so until Meta lifts it"
        )
    _say(account, state, f"nothing is sent until `kaiwa accounts resume {account}`", as_json=as_json)


def resume(
    account: _Account,
    *,
    lifted: Annotated[
        bool, typer.Option("--lifted", help="Its owner sees that Meta restricts it no more (Account Status).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let a paused account send again, or one that Meta restricted until now, once Meta has said that it may."""
    state = asyncio.run(_change(load(ReadSettings), account, partial(_resume, lifted=lifted)))
    _say(account, state, _RESUMED[state], as_json=as_json)


async def _resume(session: Connection, account_id: str, *, lifted: bool) -> State | None:
    state = await accounts.resume(session, account_id, lifted=lifted)
    if state is None and (await _sql.account(session, account_id=account_id))["state"] == "restricted":
        raise Failure(
            f"account {account_id} is restricted by Meta: once its owner sees in Account Status that this is over, say so:"
            f" kaiwa accounts resume {account_id} --lifted"
        )
    return state


async def _change(
    settings: ReadSettings, account_id: str, change: Callable[[Connection, str], Awaitable[State | None]]
) -> State | None:
    dsn = settings.postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="accounts") as session:
        if await _sql.account(session, account_id=account_id) is None:
            raise Failure(f"no account {account_id}: see `kaiwa accounts list`")
        return await change(session, account_id)


def _say(account: str, state: State | None, says: str, *, as_json: bool) -> None:
    emit({"account_id": account, "state": state, "says": says}, as_json=as_json, table=f"{account}: {says}")
