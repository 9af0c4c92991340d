"""Settling: echoes find their messages, calls without an answer find their end, leases of the dead are taken over.

Nothing here sends. What is in doubt is settled by evidence: an echo's mid, an echo's content, the thread itself.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta

import asyncpg

from kaiwa.dispatcher import endings, waiting
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.attribute import OpenPart, Others, Ours, SeenEcho, attribute
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.core.thread import Absent, Doubted, Found, Unclear, search
from kaiwa.dispatcher.queues import Room
from kaiwa.dispatcher.rounds import each, rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.threads import Threads
from kaiwa.meta.answers import ThreadMessage
from kaiwa.runtime import logs, metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 0.5  # seconds between rounds
_LOOK_AGAIN = timedelta(
    seconds=5
)  # between two readings of one thread; two reads a second are all an account has


async def explain(connection: Connection, rooms: Collection[Room], *, policy: Policy) -> None:
    """Say of each unassigned echo of these (locked) conversations whose message it is, as far as that can be said."""
    if not rooms:
        return
    echoes: defaultdict[Room, list[SeenEcho]] = defaultdict(list)
    async for row in _sql.unexplained(connection, **_columns(rooms)):
        echoes[row["account_id"], row["customer_id"]].append(_seen(row))
    if not echoes:
        return
    named = [(*room, echo.mid) for room, some in echoes.items() for echo in some]
    parts: defaultdict[Room, list[OpenPart]] = defaultdict(list)
    async for row in _sql.open_parts(connection, **_columns(named)):
        parts[row["account_id"], row["customer_id"]].append(_open(row))
    verdicts = [(room, verdict) for room, some in echoes.items() for verdict in attribute(parts[room], some)]
    for _, verdict in verdicts:
        if isinstance(verdict, Ours):
            await _delivered(connection, verdict, policy=policy)
    others = [(*room, verdict.at) for room, verdict in verdicts if isinstance(verdict, Others)]
    if others:
        names, customers, times = zip(*others, strict=True)
        await _sql.note_others(
            connection, accounts=names, customers=customers, times=times, hold=policy.human_hold
        )
    if verdicts:
        await _sql.assign(
            connection,
            accounts=[account_id for (account_id, _), _ in verdicts],
            mids=[verdict.mid for _, verdict in verdicts],
            owners=["ours" if isinstance(verdict, Ours) else "other" for _, verdict in verdicts],
        )


async def _delivered(connection: Connection, shown: Ours, *, policy: Policy) -> None:
    part = await _lock_part(connection, shown.part_id)
    if part and part["part_state"] != "sent":
        metrics.SETTLED.labels(shown.evidence).inc()
        await endings.delivered(
            connection, part, mid=shown.mid, evidence=shown.evidence, at=shown.at, policy=policy
        )


class Settler:
    """Takes over what dead processes left, and finds an end for calls without an answer."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        threads: Threads,
        vault: Contents,
        *,
        policy: Policy,
        after: timedelta,
        bound: timedelta,
    ) -> None:
        self._pool = pool
        self._threads = threads
        self._vault = vault
        self._policy = policy
        self._after = after
        self._bound = bound

    async def run(self) -> None:
        """All at once: reading threads waits for its limit, which is no reason to leave the dead's leases."""
        works = (self.take_over, self.explain_waiting, self.read_threads)
        await asyncio.gather(*(rounds(work, every=_EVERY, waits="settler_waits") for work in works))

    async def take_over(self) -> None:
        """Leases that are over: a claim goes back to the queue, a call that had begun is in doubt."""
        async with self._pool.acquire() as connection, connection.transaction():
            for row in [row async for row in _sql.leases_over(connection)]:
                if row["state"] == "claimed":
                    await waiting.give_back(connection, row)
                else:
                    await endings.doubt(connection, row, None)
                    room = (row["account_id"], row["customer_id"])
                    await explain(connection, [room], policy=self._policy)

    async def explain_waiting(self) -> None:
        """Echoes that waited for something in flight which has ended since."""
        async with self._pool.acquire() as connection, connection.transaction():
            rooms = [(row["account_id"], row["customer_id"]) async for row in _sql.lock_waiting(connection)]
            await explain(connection, rooms, policy=self._policy)

    async def read_threads(self) -> None:
        """Look for what got no answer and no echo among the newest messages of its thread."""
        async with self._pool.acquire() as connection:
            doubtful = [
                row async for row in _sql.doubtful(connection, settle_after=self._after, bound=self._bound)
            ]
        await each(doubtful, self._read)

    async def _read(self, row: Row) -> None:
        messages = await self._threads.newest(row)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._judge(connection, row, messages)
        if messages is None:  # its token may have died under the call
            await _sql.probe_doubted(self._pool, account_id=row["account_id"])

    async def _judge(self, connection: Connection, row: Row, messages: list[ThreadMessage] | None) -> None:
        part = await _lock_part(connection, row["part_id"])
        if part is None or part["part_state"] != "in_doubt":
            return
        taken = [
            message.mid
            for message in messages or ()
            if await _sql.mid_is_taken(connection, account_id=row["account_id"], mid=message.mid)
        ]
        doubted = Doubted(row["customer_id"], row["kind"], row["content_hash"], row["called_at"])
        fingerprint = self._vault.fingerprint_like(row["content_hash"])
        match search(doubted, messages, taken=taken, fingerprint=fingerprint):
            case Found(mid=mid, at=at):
                metrics.SETTLED.labels("thread").inc()
                await endings.delivered(
                    connection, part, mid=mid, evidence="thread", at=at, policy=self._policy
                )
            case Absent():
                tried_again = await endings.absent(connection, part)
                metrics.SETTLED.labels("tried_again" if tried_again else "not_found").inc()
            case Unclear() if row["overdue"] and part["retry"]:
                # Meta said that it failed, and no evidence says otherwise.
                metrics.SETTLED.labels("not_found").inc()
                await endings.lost(connection, part)
            case Unclear():
                await _sql.look_later(connection, intent_id=row["intent_id"], pause=_LOOK_AGAIN)
                if row["overdue"]:
                    await endings.go_on_without(connection, part)


def _columns(rows: Collection[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """As queries take conversations, and their messages' mids where there are any."""
    return dict(zip(("accounts", "customers", "mids"), zip(*rows, strict=True), strict=False))


def _seen(row: Row) -> SeenEcho:
    return SeenEcho(row["mid"], row["kind"], row["content_hash"], row["occurred_at"])


def _open(row: Row) -> OpenPart:
    content = row["content_hash"]
    return OpenPart(row["part_id"], row["state"], row["mid"], row["kind"], content, row["called_at"])


async def _lock_part(connection: Connection, part_id: int) -> Row | None:
    """None where a late answer has taken the part back meanwhile: the platform refused it for now."""
    parts: list[Row] = [row async for row in _sql.lock_parts(connection, ids=[part_id])]
    return parts[0] if parts else None
