"""The registry of accounts: made equal to a file, published without tokens, changed by people and by what Meta says."""

from datetime import datetime

from kaiwa.contracts import ids, topics
from kaiwa.contracts.accounts import Account, State, encode, login_user_hash
from kaiwa.contracts.cloudevents import headers
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import queues
from kaiwa.dispatcher.accounts_file import BY_LOGIN, Entry, Step, columns, plan
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.outcomes import put
from kaiwa.dispatcher.token_files import given, mark_of, still_held
from kaiwa.runtime.errors import SettingsError
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


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
            await _sql.put_account(connection, **columns(entry), sealed_token=sealed)
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
    ours = {name: value for name, value in columns(entry).items() if name not in BY_LOGIN}
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
        await queues.refresh(connection, accounts=accounts, customers=customers)


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


async def pause(connection: Connection, account_id: str) -> State:
    """A person wants nothing sent for now; the state that it is in then. What Meta restricts stays so: lifting a pause
    would lift that too.
    """
    async with connection.transaction():
        await _sql.lock_account(connection, account_id=account_id)
        state: State = (await _sql.account(connection, account_id=account_id))["state"]
        if state not in ("paused", "restricted"):
            await set_state(connection, account_id, "paused")
            state = "paused"
    return state


async def resume(connection: Connection, account_id: str, *, lifted: bool = False) -> State | None:
    """A person wants it to send again; None where nobody had paused it. Much may have happened: Meta is asked first, and
    it is not eligible until Meta has said so. ``lifted``: that person saw that Meta restricts it no more.
    """
    async with connection.transaction():
        state: State | None = await _sql.resume_account(connection, account_id=account_id, lifted=lifted)
        if state is not None:
            await _sql.probe_soon(connection, account_id=account_id)
            await publish(connection, account_id)
    return state


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
