"""A batch of events and outcomes becomes histories, and histories become verdicts, in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from kaiwa.bus.records import Record
from kaiwa.compliance.audit.freshness import Freshness
from kaiwa.compliance.audit.record import Found, record
from kaiwa.compliance.core.audit import facts
from kaiwa.compliance.core.audit.facts import Fact, Talk, Unsent
from kaiwa.compliance.core.audit.history import History, begun, decode, encode, left
from kaiwa.compliance.core.audit.judge import HOUR_MS, Judgement, Sample, judge
from kaiwa.compliance.core.audit.memory import changes, settle
from kaiwa.compliance.core.audit.people import Written, suspicions
from kaiwa.contracts import ids
from kaiwa.contracts.times import from_ms, to_ms
from kaiwa.runtime import crash
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_MOST_KNOWN: Final = 200_000  # conversations remembered to have a row
_LOOKS: Final = 500  # conversations of one look

_sql: Final = queries.load("kaiwa.compliance")


@dataclass
class Open:
    """A conversation in hand. ``pseudonym`` and ``account_pseudonym``: for analytics, None where it is off or unknown."""

    hash: str
    account_hash: str
    pseudonym: str | None = None
    account_pseudonym: str | None = None
    facts: list[Fact] = field(default_factory=list)


class Audit:
    """Handles batches and looks again at what was pending. ``key`` hashes all ids, ``pseudonym_key`` is analytics'."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        freshness: Freshness,
        *,
        key: bytes,
        pseudonym_key: Callable[[], bytes] | None,
    ) -> None:
        self._pool, self._freshness, self._key, self._pseudonym_key = pool, freshness, key, pseudonym_key
        self._known: set[str] = set()

    async def __call__(self, records: Sequence[Record]) -> None:
        talks = self._read(records)
        async with self._pool.acquire() as connection, connection.transaction():
            firsts = await self._freshness.begin(connection, records)
            if talks:
                await self._fold(connection, *await self._without_erased(connection, talks))
        self._freshness.begun(firsts)
        crash.point("compliance.audited")

    def _read(self, records: Sequence[Record]) -> dict[str, Open]:
        talks: dict[Talk, Open] = {}
        for each in records:
            if each.value and (read := facts.read(each.topic, each.value, self._key)):
                talk, found = read
                if talk not in talks:
                    talks[talk] = self._open(talk)
                talks[talk].facts += found
        return {open_.hash: open_ for open_ in talks.values()}

    def _open(self, talk: Talk) -> Open:
        made = Open(talk.hash(self._key), ids.opaque(self._key, "account", talk.account_id))
        if self._pseudonym_key is not None:
            key = self._pseudonym_key()
            made.pseudonym = ids.opaque(key, "conversation", talk.account_id, talk.customer_id)
            made.account_pseudonym = ids.opaque(key, "account", talk.account_id)
        return made

    async def _without_erased(
        self, connection: Connection, talks: Mapping[str, Open]
    ) -> tuple[dict[str, Open], dict[str, int]]:
        """The talks without what happened before their customer or account was erased, and when that was."""
        await _sql.lock_audit_shared(connection)
        asked = {*talks, *(talk.account_hash for talk in talks.values())}
        rows = _sql.erased_among(connection, subject_hashes=list(asked))
        cutoffs = {row["subject_hash"]: to_ms(row["cutoff"]) async for row in rows}
        erased = {}
        for conversation, talk in talks.items():
            if until := [cutoffs[each] for each in (conversation, talk.account_hash) if each in cutoffs]:
                erased[conversation] = max(until)
                talk.facts = left(talk.facts, erased[conversation])
        return {conversation: talk for conversation, talk in talks.items() if talk.facts}, erased

    async def _fold(
        self, connection: Connection, talks: Mapping[str, Open], erased: Mapping[str, int]
    ) -> None:
        if not talks:
            return
        stored = await self._lock(connection, talks, erased)
        histories = {}
        for conversation, talk in talks.items():
            history = histories[conversation] = decode(stored[conversation])
            for fact in talk.facts:
                history.add(fact)
        unsent = [fact.mid for talk in talks.values() for fact in talk.facts if isinstance(fact, Unsent)]
        if unsent:
            await _sql.blank_people(connection, mids=unsent)
        await self._judge(connection, talks, histories)

    async def _lock(
        self, connection: Connection, talks: Mapping[str, Open], erased: Mapping[str, int]
    ) -> dict[str, bytes]:
        """The stored histories, each row locked. Rows that are new come first: whoever holds one waits for nobody."""
        new = [conversation for conversation in talks if conversation not in self._known]
        if new:
            await _sql.begin_audited(
                connection,
                conversations=new,
                accounts=[talks[conversation].account_hash for conversation in new],
                histories=[encode(begun(erased.get(conversation))) for conversation in new],
            )
        rows = _sql.lock_audited(connection, conversations=list(talks))
        stored = {row["conversation_hash"]: row["history"] async for row in rows}
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        if stored.keys() != talks.keys():  # forgotten meanwhile, after a month without a word
            self._known -= talks.keys()
            return await self._lock(connection, talks, erased)
        self._known |= talks.keys()
        return stored

    async def look(self) -> bool:
        """Judge again where something can be told by now; True if there may be more."""
        known = self._freshness.horizon.known
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [
                row async for row in _sql.audited_to_look_at(connection, known=from_ms(known), most=_LOOKS)
            ]
            talks = {
                row["conversation_hash"]: Open(
                    row["conversation_hash"], row["account_hash"], row["pseudonym"], row["account_pseudonym"]
                )
                for row in rows
            }
            if talks:
                histories = {row["conversation_hash"]: decode(row["history"]) for row in rows}
                await self._judge(connection, talks, histories)
        return len(rows) == _LOOKS

    async def _judge(
        self, connection: Connection, talks: Mapping[str, Open], histories: Mapping[str, History]
    ) -> None:
        horizon, found, people = self._freshness.horizon, list[Found](), list[tuple[Open, Sample]]()
        looks: list[datetime | None] = []
        for conversation, talk in talks.items():
            history = histories[conversation]
            judgement = judge(history, horizon)
            found += [
                Found(verdict, talk.account_hash, talk.hash, talk.pseudonym, talk.account_pseudonym)
                for verdict in changes(history, judgement)
            ]
            people += [(talk, sample) for sample in judgement.samples if sample.mid not in history.counted]
            history.counted |= {sample.mid for sample in judgement.samples}
            settle(history, judgement, horizon)
            looks.append(_moment(judgement))
        await _sql.keep_audited(
            connection,
            conversations=list(talks),
            histories=[encode(histories[conversation]) for conversation in talks],
            pseudonyms=[talk.pseudonym for talk in talks.values()],
            account_pseudonyms=[talk.account_pseudonym for talk in talks.values()],
            look_at=looks,
        )
        found += await self._people(connection, people)
        await record(connection, found)

    async def _people(self, connection: Connection, people: Sequence[tuple[Open, Sample]]) -> list[Found]:
        """Keep what persons wrote, and look at the hours of their accounts."""
        if not people:
            return []
        await _sql.keep_people(
            connection,
            mids=[sample.mid for _, sample in people],
            accounts=[talk.account_hash for talk, _ in people],
            conversations=[talk.hash for talk, _ in people],
            texts=[sample.text for _, sample in people],
            answered=[sample.answered_in for _, sample in people],
            at=[from_ms(sample.at) for _, sample in people],
        )
        accounts = {talk.account_hash: talk for talk, _ in people}
        first = min(sample.at for _, sample in people) // HOUR_MS * HOUR_MS
        written: dict[str, list[Written]] = defaultdict(list)
        async for row in _sql.people_of(connection, accounts=list(accounts), since=from_ms(first)):
            written[row["account_hash"]].append(_written(row))
        return [
            Found(verdict, account, "", None, accounts[account].account_pseudonym)
            for account, those in written.items()
            for verdict in suspicions(account, those)
        ]


def _moment(judgement: Judgement) -> datetime | None:
    return None if judgement.look_at is None else from_ms(judgement.look_at)


def _written(row: asyncpg.Record) -> Written:
    return Written(
        row["mid_hash"], to_ms(row["at"]), row["conversation_hash"], row["text_hash"], row["answered_ms"]
    )


def forgetting(now: datetime) -> dict[str, datetime]:
    """People's messages serve for two days; a conversation that was silent for five weeks starts anew."""
    return {"people_before": now - timedelta(days=2), "conversations_before": now - timedelta(days=35)}
