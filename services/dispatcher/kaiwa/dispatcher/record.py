"""Writing down how calls ended, and what that says about the echoes that nobody could explain so far."""

from dataclasses import dataclass

import asyncpg

from kaiwa.dispatcher import comments, endings, settle
from kaiwa.dispatcher.accounts import set_state
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.core.classify import Again, Failed, InDoubt, Sent, Verdict
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


@dataclass(frozen=True)
class Ended:
    """A call and what its answer means."""

    part_id: int
    account_id: str
    verdict: Verdict


class Recorder:
    def __init__(self, pool: asyncpg.Pool, bell: Bell, *, policy: Policy, partitions: int) -> None:
        self._pool = pool
        self._bell = bell
        self._policy = policy
        self._partitions = partitions

    async def record(self, ended: list[Ended]) -> list[bool]:
        """For each whether its request has another part that this process may send now."""
        by_part = {item.part_id: item for item in ended}
        more: dict[int, bool] = {}
        async with self._pool.acquire() as connection, connection.transaction():
            locked = [row async for row in _sql.lock_parts(connection, ids=list(by_part))]
            for part in locked:
                item = by_part[part["part_id"]]
                more[item.part_id] = await self._apply(connection, part, item.verdict)
            await self._hold_accounts(connection, [by_part[part["part_id"]] for part in locked])
            for account_id, customer_id in sorted({(p["account_id"], p["customer_id"]) for p in locked}):
                await settle.explain(connection, account_id, customer_id, policy=self._policy)
        self._bell.ring(part["account_id"] for part in locked)
        return [more.get(item.part_id, False) for item in ended]

    async def _apply(self, connection: Connection, part: Row, verdict: Verdict) -> bool:
        reason = verdict.reason if isinstance(verdict, Failed | Again) else None
        metrics.SENDS.labels(type(verdict).__name__.lower(), part["lane"], reason or "").inc()
        account_id = part["account_id"]
        match verdict:
            case Sent(mid=mid, recipient_id=recipient_id):
                if part["part_state"] == "sent":
                    return False
                part = await comments.answered(connection, part, recipient_id, partitions=self._partitions)
                taken = mid and await _sql.mid_is_taken(connection, account_id=account_id, mid=mid)
                return await endings.delivered(
                    connection,
                    part,
                    mid=None if taken else mid,
                    evidence="answer",
                    at=part["now"],
                    policy=self._policy,
                )
            case _ if part["part_state"] not in {"sending", "in_doubt"}:
                return False  # evidence was quicker
            case InDoubt(error=error, retry=retry) if part["part_state"] == "sending":
                await endings.doubt(connection, part, error, retry=retry)
            case InDoubt():
                return False  # the lease is over, and it is in doubt already
            case Failed():
                await endings.failed(connection, part, verdict)
            case Again():
                await endings.again(connection, part, verdict, part["now"])
        return False

    async def _hold_accounts(self, connection: Connection, ended: list[Ended]) -> None:
        """What the answers say about accounts and apps; locked after the conversations, in one order, all at once."""
        told = [(item.account_id, item.verdict) for item in ended if isinstance(item.verdict, Again | Failed)]
        pauses = [(name, v) for name, v in told if isinstance(v, Again) and v.pause]
        states = {name: v.account_state for name, v in told if v.account_state}
        if not pauses and not states:
            return
        apps = [name for name, verdict in pauses if verdict.pause == "app"]
        _ = [row async for row in _sql.lock_accounts(connection, ids=[name for name, _ in told], apps=apps)]
        for name, verdict in pauses:
            metrics.PAUSES.labels(verdict.pause).inc()
            await _sql.pause(
                connection, account_id=name, whole_app=verdict.pause == "app", pause=verdict.after
            )
            if verdict.tags_abused:
                await _sql.stop_tags(connection, account_id=name)
        for name, state in sorted(states.items()):
            await set_state(connection, name, state)
