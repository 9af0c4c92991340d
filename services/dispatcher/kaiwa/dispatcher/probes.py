"""Asking Meta about the accounts, a few at a time: what the token is good for, whether messaging is open, whether the
app is subscribed. Tokens of Instagram Login are refreshed on the way, subscriptions that are gone are made again. What
is learnt changes the account's state, in one transaction with its announcement; what was queued meanwhile is woken.
"""

import random
from dataclasses import replace
from datetime import timedelta

import asyncpg

from kaiwa.dispatcher import accounts
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.opening import fields
from kaiwa.dispatcher.core.probing import DAILY, Answers, Learnt, learn, pause_after, refresh_due, state_after
from kaiwa.dispatcher.core.state import FOREVER
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.rounds import each, rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.dispatcher.standings import end
from kaiwa.meta import subscriptions, tokens
from kaiwa.meta.answers import NEVER, Accepted, Debugged, Fresh
from kaiwa.meta.graph import Graph, Sender
from kaiwa.runtime import logs, metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load
from kaiwa.store.sealing import Unsealable

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 1.0  # seconds between rounds
_MOST = 10  # accounts of one round
_LEASE = timedelta(minutes=2)  # above what three questions may take
_AUTOMATED = 1  # the rank of a reading: nobody waits for it in person


class Probes:
    """Leased row by row, so that any number of processes share the work. ``period``: between two looks at one account."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        graph: Graph,
        logins: Logins,
        vault: Contents,
        slots: Slots,
        *,
        period: timedelta,
    ) -> None:
        self._pool = pool
        self._graph = graph
        self._logins = logins
        self._vault = vault
        self._slots = slots
        self._period = period

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="probes_wait")

    async def once(self) -> int:
        """Look at some accounts that are due; at how many."""
        async with self._pool.acquire() as connection:
            due = [row async for row in _sql.take_probes(connection, lease=_LEASE, most=_MOST)]
        await each(due, self.visit)
        return len(due)

    async def visit(self, row: Row) -> None:
        """Refresh the account's token if it is time, and ask about it."""
        ends = end(row["token_expires_at"])
        if refresh_due(row["login"], row["token_since"], ends, row["now"]) and await self._refresh(row):
            return  # the new one is asked about in the next round
        learnt = await self.ask(row)
        if learnt is not None and learnt.valid and learnt.fields == frozenset():
            await self._subscribe(row, learnt.scopes)

    async def _subscribe(self, row: Row, granted: frozenset[str] | None) -> None:
        """Meta ends a subscription after an hour of failed deliveries and tells nobody (platform.md 1.5): make it again."""
        sender = self._logins.sender(row)
        said = await subscriptions.subscribe(self._graph, sender, fields(row["login"], granted))
        taken = isinstance(said, Accepted)
        _log.warning(
            "subscription_was_gone",
            account_id=row["account_id"],
            outcome="subscribed" if taken else "refused",
            code=getattr(said, "code", None),
            subcode=getattr(said, "subcode", None),
        )
        metrics.RESUBSCRIBED.labels("subscribed" if taken else "refused").inc()
        if taken:
            async with self._pool.acquire() as connection:
                await _sql.probe_soon(connection, account_id=row["account_id"])

    async def ask(self, row: Row) -> Learnt | None:
        """Ask, keep what is learnt; None where nobody answered."""
        try:
            sender = self._logins.sender(row)
        except Unsealable as error:
            _log.error("token_cannot_be_unsealed", account_id=row["account_id"], exc_info=error)
            await self._later(row, "unsealable")
            return None
        learnt = learn(await self._answers(row, sender), row["app_id"])
        if learnt.nothing:
            _log.warning("probe_unanswered", account_id=row["account_id"])
            await self._later(row, "unanswered")
            return None
        metrics.PROBES.labels("ill" if learnt.error or learnt.eligible is False else "well").inc()
        await self._keep(row, learnt)
        return learnt

    async def _answers(self, row: Row, sender: Sender) -> Answers:
        debugged = await self._debug(row, sender) if row["login"] == "facebook" else None
        await self._slots.turn(Want(Desk(row["account_id"], "conversations"), _AUTOMATED))
        available = await subscriptions.probe(self._graph, sender)
        return Answers(debugged, available, await subscriptions.subscribed(self._graph, sender))

    async def _debug(self, row: Row, sender: Sender) -> Debugged | None:
        """Asked with each secret of the app in turn: a second product's is none that this host knows."""
        for app in self._logins.apps():
            if app.app_id == row["app_id"]:
                said = await tokens.debug(self._graph, app.app_id, app.secret, sender)
                if isinstance(said, Debugged):
                    ends = FOREVER if said.expires_at == NEVER else said.expires_at
                    return replace(said, expires_at=ends)
        return None

    async def _refresh(self, row: Row) -> bool:
        """Whether the account has a new token now."""
        account_id = row["account_id"]
        try:
            sender = self._logins.sender(row)
        except Unsealable:
            return False  # said where it is asked about
        said = await tokens.refresh(self._graph, sender)
        if not isinstance(said, Fresh):
            code, subcode = getattr(said, "code", None), getattr(said, "subcode", None)
            _log.warning("token_not_refreshed", account_id=account_id, code=code, subcode=subcode)
            metrics.TOKENS_REFRESHED.labels("failed").inc()
            return False
        async with self._pool.acquire() as connection:
            kept = await _sql.replace_token(
                connection,
                account_id=account_id,
                old=row["sealed_token"],
                fresh=self._vault.seal_token(account_id, said.token),
                life=said.life,
            )
            await _sql.probe_soon(connection, account_id=account_id)
        metrics.TOKENS_REFRESHED.labels("refreshed" if kept else "overtaken").inc()
        return True

    async def _keep(self, row: Row, learnt: Learnt) -> None:
        old, account_id = row["state"], row["account_id"]
        new = state_after(old, learnt, row["login"])
        code, subcode = learnt.error or (None, None)
        endless = learnt.expires_at == FOREVER
        async with self._pool.acquire() as connection, connection.transaction():
            await _sql.lock_account(connection, account_id=account_id)  # before its health, as everywhere
            known = await _sql.note_probe(
                connection,
                account_id=account_id,
                sealed_token=row["sealed_token"],
                valid=learnt.valid,
                code=code,
                subcode=subcode,
                eligible=learnt.eligible,
                fields=None if learnt.fields is None else sorted(learnt.fields),
                scopes=None if learnt.scopes is None else sorted(learnt.scopes),
                expires_at=None if endless else learnt.expires_at,
                endless=endless,
                due=row["probe_due"],
                pause=_spread(DAILY if new == "ineligible" else self._period),
            )
            changed = known and new != old and await self._change(connection, row, new)
        if changed:
            _log.warning("account_changed", account_id=account_id, state=new, code=code, subcode=subcode)
            if new == "active":
                async with self._pool.acquire() as connection:
                    await accounts.wake(connection, account_id)

    async def _change(self, connection: Connection, row: Row, new: str) -> bool:
        names = {"account_id": row["account_id"], "sealed_token": row["sealed_token"]}
        changed = await _sql.change_state(connection, **names, old=row["state"], new=new)
        if changed:
            await accounts.publish(connection, row["account_id"])
        return bool(changed)

    async def _later(self, row: Row, why: str) -> None:
        metrics.PROBES.labels(why).inc()
        pause = _spread(pause_after(row["failures"], self._period))
        async with self._pool.acquire() as connection:
            await _sql.probe_failed(
                connection, account_id=row["account_id"], due=row["probe_due"], pause=pause
            )


def _spread(pause: timedelta) -> timedelta:
    """Accounts that were registered together need not be asked about together for ever."""
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 - nothing to guess
