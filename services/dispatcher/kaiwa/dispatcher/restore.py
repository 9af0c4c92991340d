"""After a restore: what the copy does not know is learnt from Kafka, and what may have been sent since is in doubt.

The outcomes' topic remembers what the lost database had done. An outcome that this database does not know shows that it
is a copy of an earlier moment; then nothing may be sent before :class:`Recovery` has run, or it would be sent twice.

Invariant: whatever was due at the moment of the restore is never called again by itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from kaiwa.bus import reader
from kaiwa.bus.records import is_heartbeat, is_tombstone
from kaiwa.contracts import ids, topics
from kaiwa.contracts.outcomes import FINAL, Outcome, decode
from kaiwa.contracts.times import from_ms, parse
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.dispatcher import restored
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.intake import Intake, Taken
from kaiwa.dispatcher.intake import read as read_request
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_CLIENT = "kaiwa-after-restore"
_NEWEST = 50  # outcomes of each partition that are compared at every start
_OVERLAP = timedelta(minutes=1)
_REPORTED_WITHIN = timedelta(seconds=10)
"""What the old database had taken in is reported within this, so requests that came later were never seen by it."""
_PAGE = 200
_RETENTION = timedelta(days=14)
Key = tuple[str, str]
"""Account and request."""


async def require_level(kafka: Kafka, pool: asyncpg.Pool) -> None:
    """DependencyError where the outcomes are ahead of the database."""
    records = await reader.newest(kafka, topics.OUTCOMES, most=_NEWEST, client_id=_CLIENT)
    newest = _newest(record.value for record in records)
    async with pool.acquire() as connection:
        begun = await _sql.open_restore(connection)
        if begun is None and not await _unknown(connection, newest):
            return
    raise DependencyError(
        f"the database is behind {topics.OUTCOMES}, as one restored from a backup: run `kaiwa db after-restore`"
    )


@dataclass
class Recovered:
    """What the recovery found. `lost`: requests of which the database knew nothing, and how each stands now."""

    since: datetime
    applied: int = 0
    doubted: int = 0
    lost: tuple[Mapping[str, str | None], ...] = ()


class Recovery:
    """Makes a restored database safe to send from. Every step may be repeated."""

    def __init__(
        self, kafka: Kafka, connection: Connection, intake: Intake, vault: Contents, *, policy: Policy
    ) -> None:
        self._kafka = kafka
        self._connection = connection
        self._intake = intake
        self._vault = vault
        self._policy = policy

    async def run(self, say: Callable[[str], None]) -> Recovered | None:
        """None where the database knows all outcomes."""
        begun = await _sql.open_restore(self._connection)
        since = begun["since"] if begun else await self._since()
        say(f"reading {topics.OUTCOMES} since {since:%Y-%m-%d %H:%M:%S} UTC")
        newest = _newest([record.value async for record in self._records(topics.OUTCOMES, since)])
        unknown = await _unknown(self._connection, newest)
        if not unknown and not begun:
            return None
        if not begun:
            await _sql.begin_restore(self._connection, since=since)
        say(
            "rewinding events and erasures, so that they are applied again, once no dispatcher is left in their groups"
        )
        await self._rewind(since)
        found = Recovered(since)
        lost = [key for key in unknown if not await self._is_known(key)]
        listed = [*(begun["lost"] if begun else ()), *(ids.derived(*key) for key in lost)]
        await _sql.note_lost(self._connection, intents=listed)
        say(f"{len(unknown)} outcomes are news; {len(listed)} requests were not in the database")
        last = max((parse(newest[key].decided_at) for key in unknown), default=since)
        await self._take_in_lost(since, last + _REPORTED_WITHIN)
        await self._remember([newest[key] for key in lost])
        await self._end_all(newest, found, say)
        await _sql.rest_hourly_buckets(self._connection)
        await _sql.end_restores(self._connection)
        found.lost = tuple([dict(row) async for row in _sql.describe_lost(self._connection, intents=listed)])
        return found

    async def _since(self) -> datetime:
        """From when on the database may not know what happened."""
        known: datetime | None = await _sql.known_until(self._connection)
        now: datetime = await _sql.database_time(self._connection)
        return (known or now - _RETENTION) - _OVERLAP

    async def _records(self, topic: str, since: datetime) -> Any:
        start = await reader.offsets_since(self._kafka, [topic], since, client_id=_CLIENT)
        async for record in reader.read(self._kafka, [topic], client_id=_CLIENT, start=start):
            if not is_tombstone(record) and not is_heartbeat(record):
                yield record

    async def _is_known(self, key: Key) -> bool:
        found: bool = await _sql.intent_exists(self._connection, intent_id=ids.derived(*key))
        return found

    async def _take_in_lost(self, since: datetime, until: datetime) -> None:
        """Requests that the lost database may have had, with what they say, where Kafka still has them."""
        page: dict[str, Taken] = {}
        async for record in self._records(topics.SENDS, since):
            if from_ms(record.timestamp) <= until and (found := read_request(record)):
                page.setdefault(found.intent_id, found)
            if len(page) >= _PAGE:
                await self._take_in(page)
                page = {}
        await self._take_in(page)

    async def _take_in(self, page: dict[str, Taken]) -> None:
        async with self._connection.transaction():
            if page:
                (await self._intake.take_in(self._connection, page)).note()

    async def _remember(self, outcomes: Iterable[Outcome]) -> None:
        """The same request asked again must stay one send, also where nothing else is left of it."""
        for outcome in outcomes:
            await _sql.remember_lost(
                self._connection,
                intent_id=ids.derived(outcome.account_id, outcome.request_id),
                account_id=outcome.account_id,
                request_id=outcome.request_id,
                customer_id=outcome.customer_id,
                author_kind=outcome.author_kind,
                lane=outcome.lane,
                at=parse(outcome.decided_at),
            )

    async def _end_all(
        self, newest: Mapping[Key, Outcome], found: Recovered, say: Callable[[str], None]
    ) -> None:
        after = 0
        while True:
            async with self._connection.transaction():
                rows = [row async for row in _sql.unfinished(self._connection, after=after, most=_PAGE)]
                for row in rows:
                    outcome = newest.get((row["account_id"], row["request_id"]))
                    if outcome and outcome.state in FINAL and outcome.seq > row["seq"]:
                        await restored.apply(self._connection, row, outcome, policy=self._policy)
                        found.applied += 1
                    elif row["state"] != "in_doubt":
                        await restored.doubt(self._connection, row, outcome, self._vault)
                        found.doubted += 1
            if not rows:
                return
            after = rows[-1]["position"]
            say(f"{found.applied} ended as their outcomes say, {found.doubted} are in doubt")

    async def _rewind(self, since: datetime) -> None:
        """Windows, echoes, holds and erasures of the lost time; each of them may be applied twice."""
        for topic in (topics.EVENTS, topics.ERASURES):
            start = await reader.offsets_since(self._kafka, [topic], since, client_id=_CLIENT)
            await reader.rewind(self._kafka, f"kaiwa.dispatcher.{topic}", start, client_id=_CLIENT)


async def _unknown(connection: Connection, newest: Mapping[Key, Outcome]) -> list[Key]:
    outcomes = list(newest.values())
    rows = _sql.unknown_outcomes(
        connection,
        accounts=[outcome.account_id for outcome in outcomes],
        requests=[outcome.request_id for outcome in outcomes],
        seqs=[outcome.seq for outcome in outcomes],
    )
    return [(row["account_id"], row["request_id"]) async for row in rows]


def _newest(values: Iterable[bytes | None]) -> dict[Key, Outcome]:
    """By account and request, the outcome with the highest number."""
    newest: dict[Key, Outcome] = {}
    for value in values:
        try:
            outcome = decode(value or b"")
        except UNREADABLE:
            continue
        key = outcome.account_id, outcome.request_id
        if key not in newest or newest[key].seq < outcome.seq:
            newest[key] = outcome
    return newest
