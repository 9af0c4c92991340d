"""The scheduler: finds conversations whose next request may go, decides, takes slots, claims, and starts deliveries.

A claim is a lease: a process that dies keeps nothing. Conversations are locked with SKIP LOCKED, so any number of
schedulers work side by side and none waits for another. Whose turn it is, is the agenda's business; it hears of work
by the bell of its process at once, and of what other processes left by looking.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import asyncpg

from kaiwa.dispatcher import comments, rows, waiting
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.core.agenda import MANY, Agenda, Ask, Desk, Queue
from kaiwa.dispatcher.core.decide import Send
from kaiwa.dispatcher.core.lanes import HUMAN
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Call, Claim, Marker
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.dispatcher.uploads import Errand
from kaiwa.runtime import crash, logs
from kaiwa.store.pool import UNREACHABLE, Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_MOST = 64  # claims of one transaction
_RIPEN = 0.1  # seconds between looks at what falls due
_LOOK = 0.5  # seconds between looks at everything
_RIPE = 500  # conversations of one look
_PAUSE = 0.5  # seconds after PostgreSQL was away
_DRAIN = 25.0  # seconds that calls in flight have on the way out; above the read timeout


class Scheduler:
    def __init__(
        self,
        pool: asyncpg.Pool,
        marker: Marker,
        sender: Sender,
        slots: Slots,
        bell: Bell,
        *,
        policy: Policy,
        calls: int,
    ) -> None:
        self._pool = pool
        self._marker = marker
        self._sender = sender
        self._slots = slots
        self._ear = bell.ear()
        self._policy = policy
        self._calls, self._reserve = calls, calls // 10
        self._claiming: asyncio.Task[None] | None = None
        self._deliveries: set[asyncio.Task[None]] = set()
        self._agenda = Agenda()
        self._ripened = self._looked = 0.0

    async def run(self) -> None:
        """Claim while there is room; on the way out wait for the claims and the calls that are under way."""
        try:
            while True:
                try:
                    await self._turn()
                except UNREACHABLE as error:
                    _log.warning("scheduler_waits", exc_info=error)
                    await asyncio.sleep(_PAUSE)
        finally:
            if self._claiming is not None:
                await asyncio.wait([self._claiming])
            if self._deliveries:
                await asyncio.wait(self._deliveries, timeout=_DRAIN)

    async def _turn(self) -> None:
        now = time.monotonic()
        await self._look(now)
        room = min(self._calls - len(self._deliveries), _MOST)
        asks = self._agenda.plan(room, min(self._reserve, room), now) if room > 0 else []
        if not asks:
            due = self._agenda.next() if room > 0 else None
            await self._ear.wait(min(self._ripened + _RIPEN, due or now + _RIPEN) - now)
            return
        # What its transaction committed to has to be called: a stop may end this loop, but not that.
        self._claiming = asyncio.create_task(self._begin(asks))
        await asyncio.shield(self._claiming)

    async def _begin(self, asks: list[Ask]) -> None:
        for claim, call in await self.claim(await self._worth(asks)):
            task = asyncio.create_task(self._sender.deliver(claim, call))
            self._deliveries.add(task)
            task.add_done_callback(self._delivered)

    async def _worth(self, asks: list[Ask]) -> list[Ask]:
        """Without those whose bucket another process has emptied meanwhile."""
        opens = await self._slots.look({ask.desk for ask in asks if ask.rank != HUMAN})
        now = time.monotonic()
        closed = {desk: at for desk, at in opens.items() if at > now}
        for desk, at in closed.items():
            self._agenda.closed(desk, at)
        return [ask for ask in asks if ask.rank == HUMAN or ask.desk not in closed]

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._deliveries.discard(task)
        self._ear.hear()  # there is room for more calls

    async def _look(self, now: float) -> None:
        """Learn what waits: of accounts somebody rang for, of what has fallen due, and now and then of everything."""
        rung = self._ear.answered() | self._agenda.unsure()
        if now - self._ripened >= _RIPEN:
            self._ripened = now
            rung |= await self._ripen()
        if now - self._looked >= _LOOK:
            self._looked = now
            await self._note(_sql.all_queues, many=MANY)
        elif rung:
            await self._note(_sql.queues, accounts=list(rung), many=MANY)

    async def _note(self, query: Callable[..., AsyncIterator[Row]], **arguments: object) -> None:
        async with self._pool.acquire() as connection:
            self._agenda.note(
                [
                    Queue(Desk(row["account_id"], row["bucket"]), row["rank"], row["waiting"])
                    async for row in query(connection, **arguments)
                ]
            )

    async def _ripen(self) -> set[str]:
        """Choose heads anew where something has fallen due; of which accounts."""
        async with self._pool.acquire() as connection:
            if not await _sql.anything_wakes(connection):
                return set()
            async with connection.transaction():
                rooms = [row async for row in _sql.waking(connection, most=_RIPE)]
                accounts = [row["account_id"] for row in rooms]
                customers = [row["customer_id"] for row in rooms]
                await _sql.refresh_heads(connection, accounts=accounts, customers=customers)
        return set(accounts)

    async def claim(self, asks: list[Ask]) -> list[tuple[Claim, Call | Errand | None]]:
        """Claims, each with a slot; what may not go is refused or deferred on the spot. Where the slot is near, the
        call is committed to at once, which saves a transaction.
        """
        if not asks:
            return []
        try:
            return await self._take(asks, committing=True)
        except Exception as error:  # noqa: BLE001 - see below
            # One request that cannot be committed to must not keep all others from being claimed for ever.
            _log.warning("claims_not_committed", exc_info=error)
            return await self._take(asks, committing=False)

    async def _take(self, asks: list[Ask], *, committing: bool) -> list[tuple[Claim, Call | Errand | None]]:
        async with self._pool.acquire() as connection, connection.transaction():
            since = time.monotonic()
            locked = [
                row
                async for row in _sql.lock_ready(
                    connection,
                    accounts=[ask.desk.account_id for ask in asks],
                    buckets=[ask.desk.bucket for ask in asks],
                    ranks=[ask.rank for ask in asks],
                    mosts=[ask.most for ask in asks],
                )
            ]
            self._slots.locked(locked, since)
            claims = await self._of(connection, locked, since) if locked else []
            near = [(row, send) for claim, row, send in claims if committing and self._slots.near(claim.slot)]
            calls = await self._marker.within(connection, near) if near else {}
        self._remember(asks, locked, [claim for claim, *_ in claims])
        begun = {row["intent_id"] for row, _ in near}
        far = [claim for claim, *_ in claims if claim.intent_id not in begun]
        if far:
            crash.point("dispatcher.claimed")
        if calls:
            crash.point("dispatcher.sending_committed")
        made = {claim.intent_id: claim for claim, *_ in claims}
        return [(made[name], call) for name, call in calls.items()] + [(claim, None) for claim in far]

    async def _of(
        self, connection: Connection, locked: list[Row], since: float
    ) -> list[tuple[Claim, Row, Send]]:
        keys = {
            "accounts": [r["account_id"] for r in locked],
            "customers": [r["customer_id"] for r in locked],
        }
        heads = [row async for row in _sql.heads(connection, **keys)]
        decided = [(row, await self._decide(connection, row)) for row in heads]
        if len(heads) < len(locked):
            await _sql.refresh_heads(connection, **keys)  # what they named is gone or was moved
        buckets = {(row["account_id"], row["class"]): row for row in locked}
        ready = [(row, send) for row, send in decided if send]
        return await self._claim(connection, list(buckets.values()), ready, since)

    async def _decide(self, connection: Connection, row: Row) -> Send | None:
        if await comments.moved(connection, row):
            room = {"accounts": [row["account_id"]], "customers": [row["customer_id"]]}
            await _sql.refresh_heads(connection, **room)
            return None
        decision = rows.decision(row, self._policy)
        if isinstance(decision, Send):
            return decision
        await waiting.obey(connection, row, decision)
        return None

    async def _claim(
        self, connection: Connection, buckets: list[Row], ready: list[tuple[Row, Send]], since: float
    ) -> list[tuple[Claim, Row, Send]]:
        wants = [Want(Desk(row["account_id"], row["bucket"]), row["lane_rank"]) for row, _ in ready]
        slots, moves = await self._slots.give(connection, buckets, wants)
        granted = {
            row["intent_id"]: (want, slot, row, send)
            for (row, send), want, slot in zip(ready, wants, slots, strict=True)
            if slot
        }
        if not granted:
            return []
        claimed = _sql.claim(
            connection,
            ids=list(granted),
            slots=[slot.at for _, slot, *_ in granted.values()],
            lease=self._policy.lease,
            **moves._asdict(),
        )
        made = []
        async for taken in claimed:
            want, slot, row, send = granted[taken["intent_id"]]
            made.append((Claim(taken["intent_id"], taken["fence"], want, slot, since), row, send))
        return made

    def _remember(self, asks: list[Ask], locked: list[Row], claims: list[Claim]) -> None:
        """What the asks taught: whose queue is at its end, and which bucket is full."""
        found = Counter((Desk(row["account_id"], row["bucket"]), row["rank"]) for row in locked)
        claimed = Counter(claim.want for claim in claims)
        given = Counter(claim.want.desk for claim in claims)
        now = time.monotonic()
        for ask in asks:
            mine = claimed[Want(ask.desk, ask.rank)]
            self._agenda.found(ask, found[ask.desk, ask.rank], mine)
            opens = self._slots.opens.get(ask.desk, 0.0)
            if opens > now:
                short = ask.rank == HUMAN and mine < found[ask.desk, ask.rank]
                self._agenda.full(ask.desk, opens, given=given[ask.desk], people=short)
