"""Said now what is certain already: whose account is paused, who cannot have their turn in time, what is wanted too late."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import asyncpg

from kaiwa.contracts.outcomes import PlatformError
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import endings, rows
from kaiwa.dispatcher.core.foresight import (
    UNSURE,
    Prospect,
    Turns,
    Waiting,
    hopeless,
    out_of_reach,
    prospect,
    turns,
)
from kaiwa.dispatcher.core.state import FOREVER, Policy
from kaiwa.dispatcher.outcomes import Told, parts_of, tell
from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.rows import Row, bucket_of
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_EVERY = 1.0  # seconds between two looks
_MOST = 200  # requests of one transaction
_FAR = 20_000  # conversations of a lane that are looked through, those with the earliest deadlines
_MANY = 100  # conversations of a lane that are counted before anybody is looked at
_JUDGED = 1_000  # of those, how many of the ones that may come too late

Known = dict[tuple[str, str | None], tuple[Row, Prospect]]
"""What waits in a lane and what becomes of it: by its conversation's customer, and its id where it is not the next one there."""

_NOBODY: tuple[Row, Prospect] = ({}, UNSURE)


class _Lane(NamedTuple):
    """What waits for one bucket of an account in one lane; ``turns`` as of ``now``, the time at which it was looked at."""

    account_id: str
    bucket: str
    rank: int
    turns: Turns
    now: datetime
    paused_until: datetime | None

    @property
    def place(self) -> dict[str, object]:
        return {"account_id": self.account_id, "bucket": self.bucket, "rank": self.rank}


class Foresight:
    """Any number of processes may look at once: what one has locked the others leave alone."""

    def __init__(self, pool: asyncpg.Pool, *, policy: Policy) -> None:
        self._pool = pool
        self._policy = policy

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="foresight_waits")

    async def once(self) -> bool:
        """True where there is more to refuse."""
        await self.look_ahead()
        more = await self.give_up()
        await self.tell_pauses()
        return more

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
                    await _refuse(connection, row, why, "not_before is later than it may be sent")
            await _sql.looked_ahead(connection, ids=[row["intent_id"] for row in seen])

    async def give_up(self) -> bool:
        """Refused: whose time will be over before their turn, with the time that it would have taken."""
        more = await self._expire_in_pauses()
        async with self._pool.acquire() as connection:
            found = [row async for row in _sql.lanes(connection, many=_MANY)]
        for row in found:
            lane = _lane(row)
            last = lane.turns.at(row["waiting"] if row["waiting"] < _MANY else _FAR)
            until = last + self._policy.window_margin
            if row["first_expiry"] is not None and row["first_expiry"] < last:
                until = FOREVER  # it may stand behind one that has time
            if row["first_deadline"] < until:
                more |= await self._look_through(lane, until)
        return more

    async def _expire_in_pauses(self) -> bool:
        """What expires before its account may send again, be it the next of its conversation or behind others."""
        async with self._pool.acquire() as connection, connection.transaction():
            found = [row async for row in _sql.expiring(connection, most=_MOST)]
            for row in found:
                said = _explained(row["paused_until"], row["now"], row["paused_until"])
                await _refuse(connection, row, Reason.EXPIRED, said)
        return len(found) == _MOST

    async def _look_through(self, lane: _Lane, until: datetime) -> bool:
        async with self._pool.acquire() as connection:
            found = await self._found(connection, lane, until)
            late = _late(lane, found, await self._known(connection, lane, found))
            refused = 0
            for start in range(0, len(late), _MOST):
                async with connection.transaction():
                    refused += await self._refuse_late(connection, lane, late[start : start + _MOST])
        return refused > 0 and len(found) >= _JUDGED

    async def _found(self, connection: Connection, lane: _Lane, until: datetime) -> list[Row]:
        """In the order in which they will go, as far as all are known that may be given up before them."""
        looked = {"until": until, "margin": self._policy.window_margin, "far": _FAR, "most": _JUDGED}
        found = [row async for row in _sql.late(connection, **lane.place, **asdict(lane.turns), **looked)]
        found.sort(key=lambda row: row["ahead"])
        heads = [row["ahead"] for row in found if row["behind"] is None]
        return found if len(heads) < _JUDGED else [row for row in found if row["ahead"] <= heads[-1]]

    async def _known(self, connection: Connection, lane: _Lane, found: Sequence[Row]) -> Known:
        customers = list({row["customer_id"] for row in found})
        accounts = [lane.account_id] * len(customers)
        heads = [row async for row in _sql.heads(connection, accounts=accounts, customers=customers)]
        known: Known = {
            (row["customer_id"], None): (row, self._prospect(row)) for row in heads if _stands(row, lane)
        }
        asked = [row["behind"] for row in found if row["behind"]]
        queued = [row["intent_id"] async for row in _sql.still_queued(connection, ids=asked)]
        async for row in _sql.claimed(connection, ids=queued):
            customer = row["customer_id"]
            # It goes after its head, if that one goes; and in a pause nothing goes.
            sure = lane.paused_until or known.get((customer, None), _NOBODY)[1].goes
            known[customer, row["intent_id"]] = (row, self._prospect(row) if sure else UNSURE)
        return known

    def _prospect(self, row: Row) -> Prospect:
        if row["started"]:
            return Prospect(None, goes=True)
        known = rows.intent(row), rows.conversation(row), rows.account(row)
        return prospect(*known, self._policy, row["now"])

    async def _refuse_late(
        self, connection: Connection, lane: _Lane, late: Sequence[tuple[Row, datetime]]
    ) -> int:
        """How many: those that still are as they were found."""
        names = {row["customer_id"]: row["next_deadline"] for row, _ in late}
        locking = _sql.lock_lane(
            connection, **lane.place, customers=list(names), deadlines=list(names.values())
        )
        locked = {row["customer_id"] async for row in locking}
        mine = [(row, turn) for row, turn in late if row["customer_id"] in locked]
        known = await self._known(connection, lane, [row for row, _ in mine])
        refused = 0
        for row, turn in mine:
            request, found = known.get(_name(row), _NOBODY)
            if (end := found.end) and end[0] < turn:
                await _refuse(connection, request, end[1], _explained(turn, lane.now, lane.paused_until))
                refused += 1
        return refused


def _lane(row: Row) -> _Lane:
    rate = rows.limits(row).rate(row["bucket"])
    depends = {name: row[name] for name in ("tat", "paused_until", "yielding")}
    found = turns(row["rank"], rate, row["now"], **depends)
    paused = row["paused_until"] if row["paused_until"] and row["paused_until"] > row["now"] else None
    return _Lane(row["account_id"], row["bucket"], row["rank"], found, row["now"], paused)


def _name(row: Row) -> tuple[str, str | None]:
    return row["customer_id"], row["behind"]


def _late(lane: _Lane, found: Sequence[Row], known: Known) -> list[tuple[Row, datetime]]:
    """Who cannot go in time, and when their turn would have come. Outside a pause, what stands behind one that is given up
    is judged later, as the next of its conversation.
    """
    waiting = [
        Waiting(row["ahead"], known.get(_name(row), _NOBODY)[1], row["behind"] is None and row["counts"])
        for row in found
    ]
    late = [(found[place], turn) for place, turn in hopeless(waiting, lane.turns).items()]
    if lane.paused_until:
        return late
    gone = {row["customer_id"] for row, _ in late if row["behind"] is None}
    return [(row, turn) for row, turn in late if row["behind"] is None or row["customer_id"] not in gone]


def _stands(head: Row, lane: _Lane) -> bool:
    """Whether it waits in this lane: what is next may have changed, and a live comment's reply has yet to be moved."""
    live = head["comment_live"] if head["comment_id"] else None
    moves = live is not None and bucket_of(None, comment=True, live=live) != lane.bucket
    return (head["bucket"], head["lane_rank"]) == (lane.bucket, lane.rank) and not moves


async def _refuse(connection: Connection, row: Row, reason: Reason, explanation: str) -> None:
    metrics.DECISIONS.labels("refuse", reason).inc()
    await endings.refuse(connection, row, reason, error=PlatformError(None, None, explanation))


def _explained(turn: datetime, now: datetime, paused_until: datetime | None) -> str:
    wait = (
        f"its turn would have come in {(turn - now).total_seconds():.0f} s at the soonest, which is too late"
    )
    return f"{wait}: Meta has paused the account until {rfc3339(paused_until)}" if paused_until else wait
