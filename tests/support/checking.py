"""How the dispatcher finds an account: what `kaiwa accounts check` says, and what it stored."""

import asyncio
import json
from typing import Any

from asking import WITHIN
from dispatcher_rig import DispatcherRig

from kaiwa.simulator.model import Account


async def check(rig: DispatcherRig, account_id: str, *words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and each row's verdict and words."""
    done = await rig.kaiwa("accounts", "check", account_id, "--json", *words, check=False)
    told = json.loads(done.stdout)
    return done.returncode, {row["check"]: (row["verdict"], row["says"]) for row in told["findings"]}


def ill(rows: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: verdict for name, (verdict, _) in rows.items() if verdict != "good"}


async def stored(rig: DispatcherRig, column: str, account_id: str) -> Any:
    query = f"select {column} from dispatcher.health join dispatcher.accounts using (account_id) where account_id = $1"
    return await rig.db.fetchval(query, account_id)


async def until(rig: DispatcherRig, column: str, account_id: str, value: object) -> None:
    async with asyncio.timeout(3 * WITHIN):  # loops of five seconds write some of it
        while await stored(rig, column, account_id) != value:  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.05)


async def look_now(rig: DispatcherRig, account_id: str) -> None:
    """Have the dispatcher's loop look at an account in its next round."""
    await rig.db.execute("update dispatcher.health set probe_due = now() where account_id = $1", account_id)


def reopened(rig: DispatcherRig, account: Account, **fields: Any) -> None:
    """The same account at Meta, changed, with the tokens it has."""
    names = ("account_id", "login", "page_id", "tokens", "username")
    rig.sim.account(**{name: getattr(account, name) for name in names} | fields)
