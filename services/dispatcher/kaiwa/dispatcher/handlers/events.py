"""Events: conversations learn from them, echoes find their messages, comments allow a private reply."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import msgspec

from kaiwa.bus.records import Record, is_heartbeat, is_tombstone
from kaiwa.contracts.events import Kind, decode
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.dispatcher import accounts, settle
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.conversation import (
    Change,
    Echo,
    Enforcement,
    Remark,
    change,
    earliest,
    echo,
    enforcement,
    merge,
    remark,
)
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.knowledge import Knowledge, Positions
from kaiwa.dispatcher.pulse import Heard, Pulse
from kaiwa.runtime import logs
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_MESSAGES = (Kind.MESSAGE_RECEIVED, Kind.MESSAGE_ECHOED)


@dataclass
class _Learnt:
    """What a batch says; `rooms` are the partitions of the conversations it concerns."""

    changes: list[Change] = field(default_factory=list)
    echoes: list[Echo] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    enforcements: list[Enforcement] = field(default_factory=list)
    rooms: dict[tuple[str, str], int] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)

    def read(self, record: Record) -> None:
        if is_tombstone(record) or is_heartbeat(record) or record.value is None:
            return
        try:
            event = decode(record.value)
            learnt, seen, remarked = change(event, record.partition), echo(event), remark(event)
            enforced = enforcement(event)
        except (*UNREADABLE, ValueError) as error:
            # Ingest wrote it or nobody did; it stays in its topic, and there is nothing in it that we could act on.
            _log.error("event_unreadable", partition=record.partition, offset=record.offset, exc_info=error)
            return
        if event.account_id is not None:
            self.heard.setdefault(event.account_id, Heard()).note(
                event.received_at, messages=int(event.kind in _MESSAGES)
            )
        self.changes += [learnt] if learnt else []
        self.echoes += [seen] if seen else []
        self.remarks += [remarked] if remarked else []
        self.enforcements += [enforced] if enforced else []
        if (found := learnt or seen or remarked) is not None:
            self.rooms[found.account_id, found.customer_id] = record.partition


class Events:
    def __init__(
        self, pool: asyncpg.Pool, vault: Contents, pulse: Pulse, knowledge: Knowledge, *, policy: Policy
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._pulse = pulse
        self._knowledge = knowledge
        self._policy = policy

    async def handle(self, records: Sequence[Record]) -> None:
        learnt = _Learnt()
        # Those of a partition are in their order, and below the first of them all is applied.
        begun = {record.partition: record.offset for record in reversed(records)}
        positions = {record.partition: record.offset + 1 for record in records}
        for record in records:
            learnt.read(record)
        self._knowledge.reading(begun, positions, learnt.rooms.keys())
        for item in learnt.enforcements:
            async with self._pool.acquire() as connection:
                await accounts.enforce(connection, item.account_id, blocked=item.blocked, at=item.at)
        if learnt.rooms:
            await self._apply(learnt, positions)
        else:
            await _note_applied(self._pool, positions)
        self._knowledge.heard(positions)
        self._pulse.heard(learnt.heard)

    async def _apply(self, learnt: _Learnt, positions: Positions) -> None:
        names, customers = zip(*sorted(learnt.rooms), strict=True)
        partitions = [learnt.rooms[key] for key in sorted(learnt.rooms)]
        async with self._pool.acquire() as connection, connection.transaction():
            # All of them at once and in order, so that no two batches wait for each other.
            await _sql.hold_conversations(
                connection, accounts=names, customers=customers, partitions=partitions
            )
            if learnt.changes:
                changes = [msgspec.to_builtins(item) for item in merge(learnt.changes)]
                await _sql.apply_changes(connection, changes=changes)
            if learnt.remarks:
                comments = [msgspec.to_builtins(item) for item in earliest(learnt.remarks)]
                await _sql.note_comments(connection, comments=comments)
            if learnt.echoes:
                await _sql.note_echoes(connection, echoes=[self._kept(item) for item in learnt.echoes])
                rooms = {(item.account_id, item.customer_id) for item in learnt.echoes}
                await settle.explain(connection, rooms, policy=self._policy)
            await _note_applied(connection, positions)

    def _kept(self, seen: Echo) -> dict[str, object]:
        """An echo as the database may know it: a fingerprint in place of the text."""
        kept = msgspec.to_builtins(seen)
        kept["content_hash"] = self._vault.fingerprint(kept.pop("text"))
        return dict(kept)


async def _note_applied(where: asyncpg.Pool | Connection, positions: Positions) -> None:
    await _sql.note_applied(where, partitions=list(positions), positions=list(positions.values()))
