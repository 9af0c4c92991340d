"""The scheduler: finds conversations whose next request is due, decides, takes slots, claims, and starts deliveries.

A claim is a lease: a process that dies keeps nothing. Conversations are locked with SKIP LOCKED, so any number of
schedulers work side by side and none waits for another.
"""

import asyncio

import asyncpg

from kaiwa.dispatcher import comments, endings, rows
from kaiwa.dispatcher.core.decide import Send
from kaiwa.dispatcher.core.pace import HORIZON
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Claim
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.runtime import crash, logs
from kaiwa.store.pool import UNREACHABLE, Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_MOST = 64  # claims of one transaction
_IDLE = 0.02  # seconds between looks while nothing is due
_PAUSE = 0.5  # seconds after PostgreSQL was away
_DRAIN = 25.0  # seconds that calls in flight have on the way out; above the read timeout


class Scheduler:
    def __init__(
        self, pool: asyncpg.Pool, sender: Sender, slots: Slots, *, policy: Policy, calls: int
    ) -> None:
        self._pool = pool
        self._sender = sender
        self._slots = slots
        self._policy = policy
        self._calls = calls
        self._deliveries: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Claim while there is room; on the way out wait for the calls that are under way."""
        try:
            while True:
                busy = await self._turn()
                await asyncio.sleep(0 if busy else _IDLE)
        finally:
            if self._deliveries:
                await asyncio.wait(self._deliveries, timeout=_DRAIN)

    async def _turn(self) -> bool:
        room = min(self._calls - len(self._deliveries), _MOST)
        if room <= 0:
            return False
        try:
            claims = await self.claim(room)
        except UNREACHABLE as error:
            _log.warning("scheduler_waits", exc_info=error)
            await asyncio.sleep(_PAUSE)
            return False
        for claim in claims:
            task = asyncio.create_task(self._sender.deliver(claim))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)
        return bool(claims)

    async def claim(self, most: int) -> list[Claim]:
        """Up to `most` claims, each with a slot; what may not go is refused or deferred on the spot."""
        async with self._pool.acquire() as connection, connection.transaction():
            locked = [row async for row in _sql.lock_due(connection, horizon=HORIZON, most=most)]
            if not locked:
                return []
            accounts = [row["account_id"] for row in locked]
            customers = [row["customer_id"] for row in locked]
            heads = [row async for row in _sql.heads(connection, accounts=accounts, customers=customers)]
            ready = [row for row in heads if await self._allowed(connection, row)]
            claims = await self._claim(connection, ready)
            await _sql.refresh_heads(connection, accounts=accounts, customers=customers)
        crash.point("dispatcher.claimed")
        return claims

    async def _allowed(self, connection: Connection, row: Row) -> bool:
        if await comments.moved(connection, row):
            return False
        decision = rows.decision(row, self._policy)
        if isinstance(decision, Send):
            return True
        await endings.obey(connection, row, decision)
        return False

    async def _claim(self, connection: Connection, ready: list[Row]) -> list[Claim]:
        wants = [Want(row["account_id"], row["bucket"]) for row in ready]
        slots = await self._slots.take(connection, wants)
        granted = {
            row["intent_id"]: (want, slot)
            for row, want, slot in zip(ready, wants, slots, strict=True)
            if slot
        }
        if not granted:
            return []
        claimed = [row async for row in _sql.claim(connection, ids=list(granted), lease=self._policy.lease)]
        await _sql.hold_conversations(connection, ids=[row["intent_id"] for row in claimed])
        return [Claim(row["intent_id"], row["fence"], *granted[row["intent_id"]]) for row in claimed]
