"""Requests of people become cases: callbacks of Meta, lists that Meta mails, and what an operator was asked."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

import asyncpg

from kaiwa.bus.reader import TableView
from kaiwa.bus.records import Record
from kaiwa.compliance.cases import open_case
from kaiwa.compliance.core.erasure import requested
from kaiwa.compliance.core.reading import Wish
from kaiwa.compliance.core.requests import REASONS, Begin, Hold, Queue, Refuse, Request, Route, route
from kaiwa.compliance.loops import keep
from kaiwa.contracts import ids, topics
from kaiwa.contracts.accounts import Account, decode
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.runtime import crash, logs, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.settings import Kafka
from kaiwa.store import queries
from kaiwa.store.pool import Connection

ANSWER_WITHIN: Final = timedelta(days=30)
"""What a person may wait for (GDPR Art. 12(3): one month; CCPA: 45 days)."""

_MOST: Final = 500  # requests of one turn
_EVERY: Final = 1.0  # seconds between two looks, for what a command or another process left

_sql: Final[Any] = queries.load("kaiwa.compliance")
_log = logs.get_logger()


def code_of(wish: Wish) -> str:
    """The code that ingest answered. A deauthorisation is answered none, and its code may be a deletion's."""
    return wish.code if wish.source == "callback" else ids.derived(wish.source, wish.code)


async def settle(
    connection: Connection,
    request: Request,
    accounts: Iterable[Account],
    *,
    key: bytes,
    bound: timedelta,
    now: datetime,
) -> Route:
    """Decide a request that is recorded and not begun, and act, in the caller's transaction."""
    holds = [Hold(**row) async for row in _sql.holds(connection)]
    decision = route(request, accounts, holds, key)
    match decision:
        case Begin(subjects):
            await _sql.lock_alone(connection)  # a record read from now on meets the memory, see `Intake`
            for subject in subjects:
                case = requested(subject, code=request.code, reason=REASONS[request.source], key=key, now=now)
                await _sql.remember_erased(connection, subject_hashes=[case.hash], cutoffs=[case.cutoff])
                await open_case(connection, case, key=key, bound=bound, request=request.code)
            await _sql.begin_request(connection, code=request.code)
        case Queue():
            await _sql.queue_request(connection, code=request.code)
        case Refuse(refusal, withdrawn):
            await _sql.withdraw(
                connection,
                erasure_ids=[ids.derived("withdrawn", request.code, account_id) for account_id in withdrawn],
                account_ids=list(withdrawn),
            )
            await refuse(connection, request.code, refusal)
        case _:
            assert_never(decision)
    return decision


async def refuse(connection: Connection, code: str, refusal: str) -> bool:
    """Refuse a request that is not begun; False where there is none. Whom it was about is forgotten."""
    done = await _sql.refuse_request(connection, code=code, refusal=refusal)
    if done is not None:
        metrics.REQUESTS.labels(done, "refused").inc()
    return done is not None


class Requests:
    """Settles what was recorded, once the registry of accounts is known; queued ones again when it grew."""

    def __init__(
        self, pool: asyncpg.Pool, kafka: Kafka, *, key: bytes, bound: timedelta, wake: asyncio.Event
    ) -> None:
        self._pool, self._key, self._bound, self._wake = pool, key, bound, wake
        self._accounts: dict[bytes, Account] = {}
        self._view = TableView(kafka, topics.ACCOUNTS, self._learn, client_id="kaiwa.compliance.accounts")

    async def follow(self) -> None:
        await self._view.follow()

    async def run(self) -> None:
        await self._view.complete.wait()
        await keep(self._turn, name="requests", every=_EVERY)

    def _learn(self, record: Record) -> None:
        """What cannot be read is passed over: a queued request shows what it costs."""
        key = record.key or b""
        self._accounts.pop(key, None)
        if record.value:
            try:
                self._accounts[key] = decode(record.value)
            except UNREADABLE as error:
                _log.error("account_unreadable", offset=record.offset, exc_info=error)

    async def _turn(self) -> bool:
        begun = 0
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in _sql.requests_to_settle(connection, most=_MOST)]
            for row in rows:
                request = Request(**{name: row[name] for name in Request.__dataclass_fields__})
                decision = await settle(
                    connection,
                    request,
                    self._accounts.values(),
                    key=self._key,
                    bound=self._bound,
                    now=utc_now(),
                )
                if isinstance(decision, Begin):
                    begun += 1
            if begun:
                crash.point("compliance.requests_settled")
        async with self._pool.acquire() as connection:
            queued = {row["source"]: row["requests"] async for row in _sql.queued_by_source(connection)}
        for source in REASONS:
            metrics.REQUESTS_QUEUED.labels(source).set(queued.get(source, 0))
        if begun:
            self._wake.set()
        return begun == _MOST
