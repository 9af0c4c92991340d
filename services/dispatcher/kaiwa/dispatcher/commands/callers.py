"""`kaiwa keys caller …`: who may come through the door, as whom, and for which accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Final, get_args

import typer
from rich.table import Table

from kaiwa.contracts import ids
from kaiwa.contracts.sends import AuthorKind, Lane
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.commands.accounts import ReadSettings
from kaiwa.dispatcher.commands.sealing import reseal_command, rotate_seal
from kaiwa.dispatcher.door.callers import key, new_secret
from kaiwa.runtime import logs
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import Connection, connection
from kaiwa.store.queries import load as load_queries

_sql = load_queries("kaiwa.dispatcher")
_log = logs.get_logger()

_USAGE: Final = 2
_LANES: Final[tuple[str, ...]] = get_args(Lane)
_KINDS: Final[tuple[str, ...]] = get_args(AuthorKind)

keys = typer.Typer(help="Key files, and the keys of callers.")
caller = typer.Typer(help="Keys of callers at the door: HTTP for those without Kafka.", no_args_is_help=True)
keys.add_typer(caller, name="caller")
keys.command("rotate-seal")(rotate_seal)
keys.command("reseal")(reseal_command)

Id = Annotated[str, typer.Argument(help="The key's id, as `list` shows it.")]


@caller.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, such as shop-bot.")],
    *,
    account: Annotated[list[str] | None, typer.Option(help="An account it is for; may be repeated.")] = None,
    all_accounts: Annotated[bool, typer.Option("--all-accounts", help="For every account.")] = False,
    author: Annotated[
        list[str] | None, typer.Option(help="human or automation; may be repeated. Default: automation.")
    ] = None,
    lane: Annotated[
        list[str] | None,
        typer.Option(help="human, transactional, bulk; may be repeated. Default: the authors' own."),
    ] = None,
    rate: Annotated[float, typer.Option(help="Requests a second, in each process.", min=0.01)] = 20,
    as_json: Json = False,
) -> None:
    """Make a key; it is shown this once and stored hashed."""
    if bool(account) == all_accounts:
        raise Failure("give --account, or --all-accounts", _USAGE)
    kinds = _chosen(author or ["automation"], _KINDS, "--author")
    usual = [own for kind, own in (("human", "human"), ("automation", "transactional")) if kind in kinds]
    caller_id = ids.random()
    secret, secret_hash = new_secret()

    async def work(session: Connection) -> str | None:
        made: str | None = await _sql.create_caller(
            session,
            caller_id=caller_id,
            name=name,
            accounts=None if all_accounts else account,
            lanes=_chosen(lane or usual, _LANES, "--lane"),
            author_kinds=kinds,
            per_second=rate,
            secret_hash=secret_hash,
        )
        return made

    if not _change("created", caller_id, work):
        raise Failure(f"there is a key named {name}: rotate or revoke it, or choose another name")
    _show(caller_id, secret, as_json=as_json)


@caller.command()
def rotate(
    caller_id: Id,
    *,
    overlap: Annotated[
        float, typer.Option(help="Seconds for which the old secret still opens.", min=0)
    ] = 86_400,
    as_json: Json = False,
) -> None:
    """Give a key a new secret; the old one opens for a day, or as long as is said."""
    secret, secret_hash = new_secret()

    async def work(session: Connection) -> str | None:
        after = timedelta(seconds=overlap)
        found: str | None = await _sql.rotate_caller(
            session, caller_id=caller_id, secret_hash=secret_hash, overlap=after
        )
        return found

    if not _change("rotated", caller_id, work):
        raise Failure(_absent(caller_id))
    _show(caller_id, secret, as_json=as_json)


@caller.command()
def revoke(caller_id: Id, *, as_json: Json = False) -> None:
    """Close a key for good; every dispatcher refuses it within a second."""

    async def work(session: Connection) -> str | None:
        found: str | None = await _sql.revoke_caller(session, caller_id=caller_id)
        return found

    if not _change("revoked", caller_id, work):
        raise Failure(_absent(caller_id))
    emit({"caller_id": caller_id}, as_json=as_json, table=f"{caller_id} is revoked")


@caller.command("list")
def list_command(*, as_json: Json = False) -> None:
    """Every key there ever was, without its secret."""
    rows = asyncio.run(_list())
    table = Table("key", "name", "accounts", "authors", "lanes", "a second", "created", "rotated", "revoked")
    for row in rows:
        accounts = "all" if row["accounts"] is None else " ".join(row["accounts"])
        moments = [row[name] and rfc3339(row[name]) for name in ("created_at", "rotated_at", "revoked_at")]
        table.add_row(
            row["caller_id"],
            row["name"],
            accounts,
            " ".join(row["author_kinds"]),
            " ".join(row["lanes"]),
            f"{row['per_second']:g}",
            *(moment or "" for moment in moments),
        )
    emit(rows, as_json=as_json, table=table)


def _change(change: str, caller_id: str, work: Callable[[Connection], Awaitable[str | None]]) -> bool:
    """Do it, note it, and say so, in one transaction; False where there is nothing to do it to."""

    async def run() -> bool:
        dsn = load(ReadSettings).postgres.dsn.get_secret_value()
        await require_current(dsn, "dispatcher")
        async with connection(dsn, application="keys") as session, session.transaction():
            done = await work(session)
            if done is not None:
                await _sql.note_caller_change(session, caller_id=caller_id, change=change)
        return done is not None

    done = asyncio.run(run())
    if done:
        _log.warning("caller_key_changed", key_id=caller_id, state=change)
    return done


async def _list() -> list[dict[str, Any]]:
    dsn = load(ReadSettings).postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="keys") as session:
        return [dict(row) async for row in _sql.list_callers(session)]


def _show(caller_id: str, secret: str, *, as_json: bool) -> None:
    shown = key(caller_id, secret)
    emit(
        {"caller_id": caller_id, "key": shown},
        as_json=as_json,
        table=f"{shown}\nIt is shown this once: keep it as a secret.",
    )


def _chosen(given: list[str], known: tuple[str, ...], option: str) -> list[str]:
    if wrong := [word for word in given if word not in known]:
        raise Failure(f"{option} is one of {', '.join(known)}, not {wrong[0]}", _USAGE)
    return list(dict.fromkeys(given))


def _absent(caller_id: str) -> str:
    return f"no open key {caller_id}: see `kaiwa keys caller list`"
