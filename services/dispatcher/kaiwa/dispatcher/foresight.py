"""Said now what is certain already: whose account is paused, who cannot have their turn in time, what is wanted too late."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from kaiwa.contracts.outcomes import PlatformError
from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher import endings, rows
from kaiwa.dispatcher.core.decide import Send
from kaiwa.dispatcher.core.foresight import ends, hopeless, out_of_reach
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.outcomes import Told, parts_of, tell
from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import logs, metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 1.0  # seconds between two looks
_MOST = 200  # requests of one transaction
_CROWD = 100  # conversations in one lane of an account before anybody's turn is far
_FAR = 20_000  # conversations that are looked through, those with the earliest deadlines


class Foresight:
    """Any number of processes may look at once: what one has locked the others leave alone."""

    def __init__(self, pool: asyncpg.Pool, *, policy: Policy) -> None:
        self._pool = pool
        self._policy = policy

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="foresight_waits")

    async def once(self) -> None:
        await self.tell_pauses()
        await self.look_ahead()
        await self.give_up()

    async def tell_pauses(self) -> None:
        """Deferred: who waits for the platform's pause of their account and was not told."""
        async with self._pool.acquire() as connection, connection.transaction():
            held = [row async for row in _sql.held_by_platform(connection, most=_MOST)]
            parts = await parts_of(connection, [row["intent_id"] for row in held])
            reason = Reason.PAUSED_BY_PLATFORM
            await tell(connection, [Told(r, "deferred", reason, parts.get(r["intent_id"], [])) for r in held])

    async def look_ahead(self) -> None:
        """Refused: what is wanted for a time at which it cannot be legal; told once it is known what was read when it
        was asked for, which is moments after intake.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            seen = [row async for row in _sql.scheduled(connection, most=_MOST)]
            for row in seen:
                conversation, account = rows.conversation(row), rows.account(row)
                why = out_of_reach(row["due_at"], rows.intent(row), conversation, account, self._policy)
                if why:
                    metrics.DECISIONS.labels("refuse", why).inc()
                    error = PlatformError(None, None, "not_before is later than it may be sent")
                    await endings.refuse(connection, row, why, error=error)
            await _sql.looked_ahead(connection, ids=[row["intent_id"] for row in seen])

    async def give_up(self) -> None:
        """Refused: whose time will be over before their turn, with the time that it would have taken."""
        async with self._pool.acquire() as connection:
            crowds = [row async for row in _sql.crowds(connection, least=_CROWD)]
            for crowd in crowds:
                lane = {"account_id": crowd["account_id"], "bucket": crowd["bucket"], "rank": crowd["rank"]}
                queue = [row async for row in _sql.deadlines(connection, **lane, most=_FAR)]
                rate = rows.limits(crowd).rate(crowd["bucket"])
                late = hopeless([row["next_deadline"] for row in queue], crowd["now"], rate)
                if late:
                    needed = {queue[place]["customer_id"]: wait for place, wait in late[:_MOST]}
                    async with connection.transaction():
                        await self._refuse(connection, crowd["account_id"], needed)

    async def _refuse(self, connection: Connection, account_id: str, needed: dict[str, timedelta]) -> None:
        locked = await _lock(connection, account_id, list(needed))
        keys = {"accounts": [account_id] * len(locked), "customers": locked}
        for row in [row async for row in _sql.heads(connection, **keys)]:
            wait = needed[row["customer_id"]]
            if reason := self._too_late(row, row["now"] + wait):
                metrics.DECISIONS.labels("refuse", reason).inc()
                await endings.refuse(connection, row, reason, error=_explained(wait))

    def _too_late(self, row: Row, turn: datetime) -> Reason | None:
        """Why it cannot go in its turn, although it could go now."""
        if row["started"] or not isinstance(rows.decision(row, self._policy), Send):
            return None
        end = ends(rows.intent(row), rows.conversation(row), self._policy)
        return end[1] if end and end[0] < turn else None


async def _lock(connection: Connection, account_id: str, customers: Sequence[str]) -> list[str]:
    free = _sql.lock_free(connection, account_id=account_id, customers=customers)
    return [row["customer_id"] async for row in free]


def _explained(wait: timedelta) -> PlatformError:
    return PlatformError(
        None,
        None,
        f"its turn would have come in {wait.total_seconds():.0f} s at the soonest, which is too late",
    )
