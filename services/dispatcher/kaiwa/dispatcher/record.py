"""Writing down how calls ended, and what that says about the echoes that nobody could explain so far."""

from collections import Counter
from collections.abc import Mapping

import asyncpg
import msgspec

from kaiwa.dispatcher import comments, endings, sent, settle
from kaiwa.dispatcher.accounts import set_state
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.core.classify import Again, Failed, InDoubt, Sent, Verdict
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.pulse import Pulse
from kaiwa.dispatcher.queues import Place
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.throttling import Heard, Throttling
from kaiwa.meta.errors import Action, explain
from kaiwa.meta.usage import Usage
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


class Ended(msgspec.Struct, frozen=True):
    """A call and what its answer means."""

    part_id: int
    account_id: str
    verdict: Verdict
    usage: Usage | None = None


class Recorder:
    def __init__(
        self,
        pool: asyncpg.Pool,
        bell: Bell,
        pulse: Pulse,
        throttling: Throttling,
        *,
        policy: Policy,
        partitions: int,
    ) -> None:
        self._pool = pool
        self._throttling = throttling
        self._bell = bell
        self._pulse = pulse
        self._policy = policy
        self._partitions = partitions

    async def record(self, ended: list[Ended]) -> list[bool]:
        """For each whether its request has another part that this process may send now."""
        by_part = {item.part_id: item for item in ended}
        more: dict[int, bool] = {}
        async with self._pool.acquire() as connection, connection.transaction():
            locked = [row async for row in _sql.lock_parts(connection, ids=list(by_part))]
            settled, joined = await self._settle(connection, locked, by_part)
            for part in locked:
                item = by_part[part["part_id"]]
                if item.part_id not in settled:
                    more[item.part_id] = await self._apply(connection, part, item.verdict)
            await self._note_limits(connection, ended)
            if locked:
                rooms = {(part["account_id"], part["customer_id"]) for part in locked}
                await settle.explain(connection, rooms, policy=self._policy)
        others = (part["account_id"] for part in locked if part["part_id"] not in settled)
        self._bell.ring(others, joined=joined)
        self._note_calls(ended)
        return [more.get(item.part_id, False) for item in ended]

    def _note_calls(self, ended: list[Ended]) -> None:
        """That an account sends, or that somebody has to mend something before it does."""
        for item in ended:
            match item.verdict:
                case Sent():
                    self._pulse.sent(item.account_id)
                case Failed(error=error) if explain(error.code, error.subcode).action is Action.FIX:
                    self._pulse.failed(item.account_id, error.code, error.subcode)
                case _:
                    pass

    async def _settle(
        self, connection: Connection, locked: list[Row], by_part: Mapping[int, Ended]
    ) -> tuple[set[int], Counter[Place]]:
        """All that ended as nearly all do, at once; which ones it was, and the queues that go on."""
        named = [
            (part, verdict.mid)
            for part in locked
            if isinstance(verdict := by_part[part["part_id"]].verdict, Sent)
            and verdict.mid is not None
            and sent.ordinary(part)
        ]
        if not named:
            return set(), Counter()
        settled, joined = await sent.settle(connection, named, policy=self._policy)
        lanes = Counter(part["lane"] for part, _ in named if part["part_id"] in settled)
        for lane, many in lanes.items():
            metrics.SENDS.labels("sent", lane, "", "").inc(many)
        return settled, joined

    async def _apply(self, connection: Connection, part: Row, verdict: Verdict) -> bool:
        reason = verdict.reason if isinstance(verdict, Failed | Again) else None
        error = None if isinstance(verdict, Sent) else verdict.error
        action = explain(error.code, error.subcode).action.name.lower() if error else ""
        metrics.SENDS.labels(type(verdict).__name__.lower(), part["lane"], reason or "", action).inc()
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

    async def _note_limits(self, connection: Connection, ended: list[Ended]) -> None:
        """What the answers say of limits, and of the accounts themselves."""
        told = [(item.account_id, item.verdict) for item in ended if isinstance(item.verdict, Again | Failed)]
        states = {name: v.account_state for name, v in told if v.account_state}
        heard = [Heard(item.account_id, item.usage, item.verdict) for item in ended]
        await self._throttling.note(connection, heard, changing=states)
        for name, state in sorted(states.items()):
            await set_state(connection, name, state)
