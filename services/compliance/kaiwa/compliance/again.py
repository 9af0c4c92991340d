"""After a restore: the index and the memory from the topics, and what was deleted before is deleted again.

Reading the topics again through intake opens what an older database lost and changes nothing else: each case's id
follows from what opened it. Then every order in Kafka is looked at. An open one that the database does not know is
taken up again. A closed one names hashes only, so what the holders have now is hashed and compared.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import entry_points
from typing import Any, Final

import asyncpg
import msgspec

from kaiwa.bus.reader import read
from kaiwa.bus.records import Record
from kaiwa.compliance.cases import open_case
from kaiwa.compliance.core.again import Again, Closed
from kaiwa.compliance.core.erasure import Case, Place, Reason, Subject
from kaiwa.compliance.core.reading import event_of, owners, subjects
from kaiwa.compliance.handlers import Intake
from kaiwa.compliance.locate import CONTENT
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Erasure, decode_erasure
from kaiwa.contracts.times import parse
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.runtime.settings import Kafka
from kaiwa.store import queries

HOLDINGS: Final = "kaiwa.holdings"
"""Entry points: a room's function from a DSN to the (account_id, customer_id, mid) of the content it has."""

_PAGE: Final = 500  # records taken in at once

_sql: Final[Any] = queries.load("kaiwa.compliance")

Moved = Callable[[int], None]
"""Told of the records read so far."""


@dataclass(frozen=True)
class Found:
    """``taken_up``: open orders that the database had lost. ``again``: what was deleted before and is there now."""

    orders: int
    taken_up: int
    again: tuple[Again, ...]


async def replay(kafka: Kafka, intake: Intake, moved: Moved) -> int:
    """Every record of the topics through intake once more; how many there were."""
    count, page = 0, list[Record]()
    async for record in read(kafka, (*CONTENT, topics.RECEIPTS), client_id="kaiwa.command"):
        page.append(record)
        if len(page) == _PAGE:
            await intake(page)
            count, page = count + len(page), []
            moved(count)
    if page:
        await intake(page)
    return count + len(page)


async def reapply(
    pool: asyncpg.Pool,
    kafka: Kafka,
    holdings: Sequence[AsyncIterator[Subject]],
    *,
    key: bytes,
    bound: timedelta,
    run: str,
    now: datetime,
) -> Found:
    """Open a case for everything that was deleted and is there again. ``run`` names this time."""
    orders = await _orders(kafka)
    closed = Closed([order for order in orders if order.state == "closed"], key)
    again: dict[str, Again] = {}
    for holding in (_in_topics(kafka), *holdings):
        async for subject in holding:
            again |= {found.hash: found for found in closed.match(subject)}
    async with pool.acquire() as connection, connection.transaction():
        await _sql.lock_alone(connection)
        # Of those with nothing here now, too: the platform may deliver again what was not there when we looked.
        erased = closed.people
        await _sql.remember_erased(connection, subject_hashes=list(erased), cutoffs=list(erased.values()))
        taken_up = [
            await _begin(connection, _as_case(order, key, now), key=key, bound=bound)
            for order in orders
            if order.state == "open"
        ]
        for found in again.values():
            await _begin(connection, found.case(run=run, now=now), key=key, bound=bound)
    return Found(len(orders), sum(taken_up), tuple(again.values()))


def installed(dsn: str) -> list[AsyncIterator[Subject]]:
    """What the rooms that are installed here have, by their own account."""
    return [_subjects(entry.load()(dsn)) for entry in entry_points(group=HOLDINGS)]


async def _subjects(rows: AsyncIterator[tuple[str | None, str | None, str | None]]) -> AsyncIterator[Subject]:
    async for row in rows:
        yield Subject(*row)


async def _orders(kafka: Kafka) -> list[Erasure]:
    """The newest word of each."""
    found: dict[bytes, Erasure] = {}
    async for record in read(kafka, [topics.ERASURES], client_id="kaiwa.command"):
        key = record.key or b""
        found.pop(key, None)
        if record.value:
            try:
                found[key] = decode_erasure(record.value)
            except UNREADABLE:
                continue
    return list(found.values())


async def _in_topics(kafka: Kafka) -> AsyncIterator[Subject]:
    """Kafka may have been restored, too: whatever a record carries, and whose it is."""
    async for record in read(kafka, CONTENT, client_id="kaiwa.command"):
        if not record.value or not record.key or record.key == topics.HEARTBEAT_KEY:
            continue
        event = event_of(record.topic, record.value)
        for subject in subjects(event, record.value):
            yield subject
        if event is not None:
            for owner in owners(event):
                yield owner


def _as_case(order: Erasure, key: bytes, now: datetime) -> Case:
    subject = Subject(order.account_id, order.customer_id, order.mids[0] if order.mids else None)
    reason: Reason = msgspec.convert(order.reason, Reason)
    return Case(order.erasure_id, reason, subject, subject.hash(key), parse(order.cutoff), now, places=None)


async def _begin(connection: Any, case: Case, *, key: bytes, bound: timedelta) -> bool:
    """Remember it and open its case; False where that is known already."""
    subject = case.subject
    if subject.scope == "message":
        await _sql.remember_unsent(connection, mid_hashes=list(subject.hashes(key)))
        places = await _places(connection, subject, key)
        case = Case(case.erasure_id, case.reason, subject, case.hash, case.cutoff, case.appended_at, places)
    else:
        await _sql.remember_erased(connection, subject_hashes=[case.hash], cutoffs=[case.cutoff])
    return await open_case(connection, case, key=key, bound=bound)


async def _places(connection: Any, subject: Subject, key: bytes) -> frozenset[Place]:
    rows = _sql.copies_of(connection, mid_hashes=list(subject.hashes(key)))
    return frozenset([Place(row["topic"], row["partition"], row["key"]) async for row in rows])
