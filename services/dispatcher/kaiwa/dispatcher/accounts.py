"""The registry of accounts: made equal to a file, published without tokens, changed by what the platform says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from kaiwa.contracts import ids, topics
from kaiwa.contracts.accounts import Account, State, encode, login_user_hash
from kaiwa.contracts.cloudevents import headers
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.wordings import SHIPPED, Own
from kaiwa.dispatcher.outcomes import put
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.token_files import given, mark_of, still_held
from kaiwa.runtime.errors import SettingsError
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


Rate = Annotated[float, msgspec.Meta(gt=0)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What Meta grants this account; what is left out has the platform's default."""

    text_per_second: Rate | None = None
    media_per_second: Rate | None = None
    private_replies_per_hour: Rate | None = None
    live_replies_per_second: Rate | None = None
    conversations_per_second: Rate | None = None
    messages_per_day: Annotated[int, msgspec.Meta(gt=0)] | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account of the file."""

    account_id: str
    login: Literal["facebook", "instagram"]
    app_id: str
    token_file: Path | None = None
    """Without it the account came by a login, which keeps its token; the file has its settings."""
    page_id: str | None = None
    login_user_id: str | None = None
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    """Stands in the disclosure, which has to fit one message."""
    locale: str = "en"
    markets: tuple[str, ...] = ()
    human_agent: bool = False
    default_app: bool = True
    """False where conversation routing is on and another app is the default one: idle threads are then not ours."""
    unknown_echo: Literal["hold", "ignore"] = "hold"
    limits: Limits = Limits()
    presence: Literal["off", "seen", "typing"] = "off"
    """What the customer sees before automation answers: their message seen, and somebody typing."""
    while_human: Literal["wait", "refuse"] = "wait"
    """What automation's messages do while a person handles the conversation."""
    human_hold: Annotated[float, msgspec.Meta(ge=0)] | Literal["release"] | None = None
    """For how many seconds a person's message holds automation, or until it is released; else the installation's."""
    disclosure: Own = SHIPPED


_BY_LOGIN = frozenset({"account_id", "app_id", "login", "page_id", "login_user_id", "state"})
"""What a login says of an account; the file does not say it differently."""

Action = Literal["add", "change", "keep", "pause"]


@dataclass(frozen=True)
class Step:
    account_id: str
    action: Action


def read(path: Path) -> list[Entry]:
    """The accounts of a file. Raises SettingsError that says which entry is wrong and how."""
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[Entry], dec_hook=_path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: name the accounts file") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path} is not an accounts file: {error}") from error
    seen: set[str] = set()
    for entry in entries:
        if entry.account_id in seen:
            raise SettingsError(f"{path} names account {entry.account_id} twice: keep one entry")
        if entry.login == "facebook" and not entry.page_id:
            raise SettingsError(f"account {entry.account_id} logs in by Facebook: give its page_id")
        if wrong := entry.disclosure.fault():
            raise SettingsError(f"account {entry.account_id}: {wrong}")
        seen.add(entry.account_id)
    return entries


def plan(entries: Iterable[Entry], stored: Mapping[str, Row]) -> list[Step]:
    """What applying would do; a token alone is not compared: it is taken where it is another one than last time."""
    wanted = {entry.account_id: entry for entry in entries}
    steps = [
        Step(name, "add" if name not in stored else "keep" if _same(entry, stored[name]) else "change")
        for name, entry in wanted.items()
    ]
    gone = [name for name, row in stored.items() if name not in wanted and _leaves(row)]
    return steps + [Step(name, "pause") for name in gone]


async def apply(connection: Connection, entries: list[Entry], vault: Contents) -> list[Step]:
    """Make the registry equal to the file, in one transaction; every account that it has a token of is active afterwards."""
    tokens = {
        entry.account_id: given(entry.account_id, file)
        for entry in entries
        if (file := entry.token_file) is not None
    }
    async with connection.transaction():
        stored = {row["account_id"]: row async for row in _sql.all_accounts(connection)}
        steps = plan(entries, stored)
        held = {row["account_id"]: row async for row in _sql.held_tokens(connection, ids=list(tokens))}
        for entry in entries:
            token = tokens.get(entry.account_id)
            if token is None:
                await _configure(connection, entry)
                continue
            mark = mark_of(entry.account_id, token)
            kept = still_held(held.get(entry.account_id), mark, vault)
            sealed = kept or vault.seal_token(entry.account_id, token)
            await _sql.put_account(connection, **_columns(entry), sealed_token=sealed)
            named = {"account_id": entry.account_id, "mark": mark}
            await _sql.note_token(connection, **named, fresh=not kept, scopes=None)
            await publish(connection, entry.account_id)
        for step in steps:
            if step.action == "pause":
                await set_state(connection, step.account_id, "paused")
    for entry in entries:
        await wake(connection, entry.account_id)
    return steps


async def _configure(connection: Connection, entry: Entry) -> None:
    """Give an account that came by a login its settings."""
    ours = {name: value for name, value in _columns(entry).items() if name not in _BY_LOGIN}
    if not await _sql.configure_account(connection, account_id=entry.account_id, **ours):
        raise SettingsError(
            f"account {entry.account_id} has no token_file: name one, or run `kaiwa accounts connect` for it first"
        )
    await publish(connection, entry.account_id)


async def wake(connection: Connection, account_id: str) -> None:
    """The account may send again: what is queued need not wait for its next look. In a transaction of its own, since
    conversations are locked before accounts everywhere.
    """
    async with connection.transaction():
        locked = _sql.lock_queues(connection, account_id=account_id)
        customers = [row["customer_id"] async for row in locked]
        await _sql.wake_account(connection, account_id=account_id)
        accounts = [account_id] * len(customers)
        await _sql.refresh_heads(connection, accounts=accounts, customers=customers)


async def enforce(connection: Connection, account_id: str, *, blocked: bool, at: datetime) -> None:
    """What Meta's policy enforcement did to an account. The newest word counts, whichever is read last."""
    async with connection.transaction():
        state = await _sql.enforce(connection, account_id=account_id, blocked=blocked, at=at)
        if state is not None:
            await publish(connection, account_id)
    if state == "active":
        await wake(connection, account_id)


async def deauthorise(connection: Connection, account_id: str) -> None:
    """The owner removed the app: the token is forgotten, and nothing is sent until they log in again."""
    if await _sql.forget_token(connection, account_id=account_id):
        await publish(connection, account_id)


async def set_state(connection: Connection, account_id: str, state: State) -> None:
    """Change an account's state and tell everybody."""
    await _sql.set_account_state(connection, account_id=account_id, state=state)
    await publish(connection, account_id)


async def publish(connection: Connection, account_id: str) -> None:
    """Tell everybody how an account is now."""
    row = await _sql.account(connection, account_id=account_id)
    login_user = row["login_user_id"]
    record = Account(
        account_id=account_id,
        app_id=row["app_id"],
        page_id=row["page_id"],
        login_user_hash=login_user and login_user_hash(row["app_id"], login_user),
        state=row["state"],
        display_name=row["display_name"],
        locale=row["locale"],
        markets=tuple(row["markets"]),
        human_agent=row["human_agent"],
    )
    now = rfc3339(await _sql.database_time(connection))
    await put(
        connection,
        topic=topics.ACCOUNTS,
        key=account_id.encode(),
        value=encode(record),
        head=headers(event_id=ids.random(), kind="account.changed", account_id=account_id, time=now),
    )


def _columns(entry: Entry) -> dict[str, Any]:
    columns = {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "token_file"}
    limits = msgspec.to_builtins(entry.limits)
    hold = entry.human_hold
    return columns | {
        "limits": {name: value for name, value in limits.items() if value is not None},
        "disclosure": msgspec.to_builtins(entry.disclosure),
        "human_hold": timedelta(seconds=hold) if isinstance(hold, float | int) else None,
        "hold_until_release": hold == "release",
    }


def _leaves(row: Row) -> bool:
    """An account that came by a login is not the file's to pause."""
    return bool(row["state"] != "paused" and row["origin"] == "file")


def _same(entry: Entry, row: Row) -> bool:
    columns = _columns(entry) | {"state": "active", "markets": list(entry.markets)}
    if entry.token_file is None:
        columns = {name: value for name, value in columns.items() if name not in _BY_LOGIN}
        return row["state"] != "paused" and all(row[name] == value for name, value in columns.items())
    return all(row[name] == value for name, value in columns.items())


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError
