"""The scheduler: finds conversations whose next request may go, claims them, and starts deliveries.

A claim is a lease: a process that dies keeps nothing. Conversations are locked with SKIP LOCKED, so any number of
schedulers work side by side and none waits for another. Whose turn it is, is the agenda's business; it hears of work
by the bell of its process at once, and of what other processes left by looking.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from kaiwa.dispatcher import queues
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.calls import Calls
from kaiwa.dispatcher.claims import Claims, Made, Taking
from kaiwa.dispatcher.core.agenda import MANY, Agenda, Ask, Desk, Queue
from kaiwa.dispatcher.core.lanes import HUMAN
from kaiwa.dispatcher.core.pace import Lead
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.mark import Marker
from kaiwa.dispatcher.queues import Place, Room
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE, Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_MOST = 128  # claims of one transaction
_AT_ONCE = 32  # conversations of an intake that claims itself: of more, there are others to be fair to
_RIPEN = 0.1  # seconds between looks at what falls due
_LOOK = 0.5  # seconds between looks at everything
_RIPE = 500  # conversations of one look
_PAUSE = 0.5  # seconds after PostgreSQL was away


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
        self._claims = Claims(marker, slots, policy=policy)
        self._slots = slots
        self._ear = bell.ear()
        self._calls = Calls(sender, calls, self._ear.hear)
        self._claiming: asyncio.Task[None] | None = None
        self._objected: set[Room] = set()  # conversations whose next request may not go
        self._asking: set[Desk] = set()  # buckets whose locks the claims under way have
        self._takers, self._quiet, self._open = 0, asyncio.Event(), False
        self._asked_by_intake = 0  # its batches come one after the other
        self._crowded = self._people_crowded = False  # more waits than there was room for
        self._lead = Lead()  # of claims of an intake: few at once, and nothing to choose from
        self._agenda = Agenda()
        self._ripened = self._looked = 0.0

    async def run(self) -> None:
        """Claim while there is room; on the way out wait for the claims and the calls that are under way."""
        self._open = True
        try:
            while True:
                try:
                    await self._turn()
                except UNREACHABLE as error:
                    _log.warning("scheduler_waits", exc_info=error)
                    await asyncio.sleep(_PAUSE)
        finally:
            self._open = False
            if self._claiming is not None:
                await asyncio.wait([self._claiming])
            while self._takers:
                self._quiet.clear()
                await self._quiet.wait()
            await self._calls.end()

    async def _turn(self) -> None:
        now = time.monotonic()
        await self._look(now)
        room = min(self._calls.room, _MOST)
        shared = min(self._calls.shared, _MOST)
        asks = self._agenda.plan(room, shared, now) if room > 0 else []
        self._crowded = _most(asks) >= shared
        self._people_crowded = _most(ask for ask in asks if ask.rank == HUMAN) >= room
        if not asks:
            due = self._agenda.next() if room > 0 else None
            await self._ear.wait(min(self._ripened + _RIPEN, due or now + _RIPEN) - now)
            return
        # What its transaction committed to has to be called: a stop may end this loop, but not that.
        self._claiming = asyncio.create_task(self._begin(asks))
        await asyncio.shield(self._claiming)

    async def _begin(self, asks: list[Ask]) -> None:
        self._calls.asked += _most(asks)
        self._asking = {ask.desk for ask in asks}
        try:
            self._calls.begin(await self.claim(await self._worth(asks)))
        finally:
            self._asking = set()
            self._calls.asked -= _most(asks)
        await self._object()

    async def _worth(self, asks: list[Ask]) -> list[Ask]:
        """Without those whose bucket another process has emptied meanwhile."""
        opens = await self._slots.look({ask.desk for ask in asks if ask.rank != HUMAN})
        now = time.monotonic()
        closed = {desk: at for desk, at in opens.items() if at > now}
        for desk, at in closed.items():
            self._agenda.closed(desk, at)
        return [ask for ask in asks if ask.rank == HUMAN or ask.desk not in closed]

    async def _look(self, now: float) -> None:
        """Learn what waits: of accounts somebody rang for, of what has fallen due, and now and then of everything."""
        accounts, joined = self._ear.answered()
        self._join(joined)
        rung = accounts | self._agenda.unsure()
        if now - self._ripened >= _RIPEN:
            self._ripened = now
            await self._ripen()
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

    async def _ripen(self) -> None:
        """Choose heads anew where something has fallen due."""
        async with self._pool.acquire() as connection:
            if not await _sql.anything_wakes(connection):
                return
            async with connection.transaction():
                rooms = [row async for row in _sql.waking(connection, most=_RIPE)]
                accounts = [row["account_id"] for row in rooms]
                customers = [row["customer_id"] for row in rooms]
                ripe = await queues.refresh(connection, accounts=accounts, customers=customers)
        self._join(ripe)

    async def claim(self, asks: list[Ask]) -> list[Made]:
        """In a transaction of its own."""
        if not asks:
            return []
        try:
            return await self._take(asks, committing=True)
        except Exception as error:  # noqa: BLE001 - see below
            # One request that cannot be committed to must not keep all others from being claimed for ever.
            _log.warning("claims_not_committed", exc_info=error)
            return await self._take(asks, committing=False)

    async def _take(self, asks: list[Ask], *, committing: bool) -> list[Made]:
        async with self._pool.acquire() as connection, connection.transaction():
            taking = await self._claims.within(connection, asks, committing=committing)
        self._learn(taking)
        found, given = taking.found, taking.given
        for ask in asks:  # whose queue is at its end
            want = Want(ask.desk, ask.rank)
            self._agenda.found(ask, found[want], given[want])
        return taking.made

    # ── claims of an intake ───────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def taking(self) -> Iterator[bool]:
        """Around a transaction that takes requests in: whether it may claim some. A stop waits for those that may."""
        if not self._open:
            yield False
            return
        self._takers += 1
        try:
            yield True
        finally:
            self._calls.asked -= self._asked_by_intake
            self._asked_by_intake = 0
            self._takers -= 1
            if not self._takers:
                self._quiet.set()

    def at_once(self, joined: Mapping[Place, int]) -> list[Ask]:
        """Of conversations that an intake has just made ready, by their queue: what it may claim itself. It overtakes none but
        automation, waits for no claims under way, and leaves room for as many calls as people's reserve, but to people.
        """
        if self._crowded and not self._people_crowded:
            joined = {place: most for place, most in joined.items() if place[1] == HUMAN}
        room = self._calls.room if all(rank == HUMAN for _, rank in joined) else self._calls.shared
        if self._people_crowded or sum(joined.values()) > min(room, _AT_ONCE):
            return []
        asks = [
            Ask(desk, rank, most)
            for (desk, rank), most in joined.items()
            if desk not in self._asking and self._agenda.rests(desk, rank) and self._slots.is_open(desk, rank)
        ]
        self._asked_by_intake = _most(asks)
        self._calls.asked += self._asked_by_intake
        return asks

    async def within(self, connection: Connection, asks: list[Ask]) -> Taking:
        """To be given to ``begin`` once the transaction has committed."""
        return await self._claims.within(connection, asks, committing=True, lead=self._lead)

    def begin(self, taking: Taking) -> None:
        self._learn(taking)  # the agenda never counted these; what else it knows of their queues stays
        self._calls.begin(taking.made)

    async def _object(self) -> None:
        """Obey what spoke against sending, once the others are on their way."""
        objected, self._objected = self._objected, set()
        if objected:
            async with self._pool.acquire() as connection, connection.transaction():
                await self._claims.object(connection, objected)

    def _learn(self, taking: Taking) -> None:
        """Which bucket is full, what was overtaken, and what may not go."""
        self._objected |= taking.objected
        self._join(taking.overtaken + self._slots.overtaken())
        opens, now = self._slots.opens, time.monotonic()
        if not (full := [ask.desk for ask in taking.asks if opens.get(ask.desk, 0.0) > now]):
            return
        denied, given = taking.found - taking.given, Counter(claim.want.desk for claim in taking.claims)
        for desk in full:
            no_to = {want.rank for want in denied if want.desk == desk}
            self._agenda.full(desk, opens[desk], given=given[desk], no_to=no_to)

    def _join(self, joined: Mapping[Place, int]) -> None:
        for (desk, rank), count in joined.items():
            self._agenda.join(desk, rank, count)


def _most(asks: Iterable[Ask]) -> int:
    return sum(ask.most for ask in asks)
