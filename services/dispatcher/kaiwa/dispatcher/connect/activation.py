"""From a newcomer to an account whose messages flow: registered, asked whether messaging is open, subscribed, looked at.

The one question to the Conversations API is three things at once: whether the account is eligible (S2), the call that a
creator account's webhooks wait for (S24), and whether its owner lets tools read messages (200/2534041).
"""

import asyncpg

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher import accounts
from kaiwa.dispatcher.connect.entrance import Newcomer
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core import onboarding, opening
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.standing import Finding
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.dispatcher.throttling import unless_throttled
from kaiwa.meta import subscriptions
from kaiwa.meta.graph import Graph, Sender
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_AUTOMATED = 1  # the rank of a reading


class Activation:
    def __init__(
        self, pool: asyncpg.Pool, graph: Graph, vault: Contents, logins: Logins, slots: Slots
    ) -> None:
        self._pool = pool
        self._graph = graph
        self._vault = vault
        self.logins = logins
        self._slots = slots

    async def register(
        self, newcomer: Newcomer, *, name: str | None = None, locale: str = "en", link: bytes | None = None
    ) -> Finding | None:
        """Give the account its token; what is configured of it stays. With a link's hash, None where it is used up."""
        account_id = newcomer.account_id
        async with self._pool.acquire() as connection, connection.transaction():
            if link is not None and not await _sql.use_link(connection, link_hash=link):
                return None
            row = await _sql.connect_account(
                connection,
                account_id=account_id,
                app_id=newcomer.app_id,
                login=newcomer.login,
                page_id=newcomer.page_id,
                login_user_id=newcomer.login_user_id,
                display_name=(name or newcomer.name)[:100],
                locale=locale,
                sealed_token=self._vault.seal_token(account_id, newcomer.token),
            )
            granted = sorted(newcomer.granted) or None
            await _sql.note_token(connection, account_id=account_id, mark=None, fresh=True, scopes=granted)
            await _sql.note_life(connection, account_id=account_id, life=newcomer.life)
            await accounts.publish(connection, account_id)
        return onboarding.registered(added=row["added"])

    async def activate(self, account_id: str, granted: frozenset[str] | None) -> tuple[State, list[Finding]]:
        """Ask, subscribe, look; the state that the account is in afterwards."""
        row = await _sql.to_activate(self._pool, account_id=account_id)
        sender = self.logins.sender(row)
        await self._slots.turn(Want(Desk(account_id, "conversations"), _AUTOMATED))
        opened = opening.messaging(await unless_throttled(subscriptions.probe(self._graph, sender)))
        state = opening.state_after(row["state"], opened)
        subscription = await self.subscribe(sender, row["app_id"], granted)
        await self._settle(row, state)
        return state, [opened.finding, subscription, opening.access()]

    async def subscribe(self, sender: Sender, app_id: str, granted: frozenset[str] | None) -> Finding:
        """Subscribe with every field, and look at what is listed then."""
        asked = await unless_throttled(
            subscriptions.subscribe(self._graph, sender, opening.fields(sender.login, granted))
        )
        return opening.subscription(
            asked, await unless_throttled(subscriptions.subscribed(self._graph, sender)), app_id
        )

    async def want_backfill(self, account_id: str) -> None:
        """Have a dispatcher read the account's threads."""
        await _sql.want_backfill(self._pool, account_id=account_id)

    async def _settle(self, row: Row, state: State) -> None:
        """Unless another login or the platform's enforcement came meanwhile."""
        account_id = row["account_id"]
        named = {"account_id": account_id, "sealed_token": row["sealed_token"]}
        async with self._pool.acquire() as connection:
            if state != row["state"]:
                async with connection.transaction():
                    if await _sql.change_state(connection, **named, old=row["state"], new=state):
                        await accounts.publish(connection, account_id)
            if state == "active":
                await accounts.wake(connection, account_id)
