"""Events: conversations learn from them, echoes find their messages."""

from collections.abc import Sequence

import asyncpg
import msgspec

from kaiwa.bus.records import Record, is_heartbeat, is_tombstone
from kaiwa.contracts.events import decode
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.dispatcher import settle
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.conversation import Change, Echo, change, echo, merge
from kaiwa.dispatcher.core.state import Policy
from kaiwa.runtime import logs
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()


class Events:
    def __init__(self, pool: asyncpg.Pool, vault: Contents, *, policy: Policy) -> None:
        self._pool = pool
        self._vault = vault
        self._policy = policy

    async def handle(self, records: Sequence[Record]) -> None:
        changes: list[Change] = []
        echoes: list[tuple[Echo, int]] = []
        for record in records:
            _read(record, changes, echoes)
        if not changes and not echoes:
            return
        rooms = {(c.account_id, c.customer_id): c.partition for c in changes}
        rooms |= {(e.account_id, e.customer_id): partition for e, partition in echoes}
        accounts, customers = zip(*sorted(rooms), strict=True)
        partitions = [rooms[key] for key in sorted(rooms)]
        async with self._pool.acquire() as connection, connection.transaction():
            await _sql.ensure_conversations(
                connection, accounts=accounts, customers=customers, partitions=partitions
            )
            # All of them at once and in order, so that no two batches wait for each other.
            locked = _sql.lock_conversations(connection, accounts=accounts, customers=customers)
            _ = [row async for row in locked]
            if changes:
                await _sql.apply_changes(connection, changes=[msgspec.to_builtins(c) for c in merge(changes)])
            if echoes:
                await _sql.note_echoes(connection, echoes=[self._kept(e) for e, _ in echoes])
                for account_id, customer_id in sorted({(e.account_id, e.customer_id) for e, _ in echoes}):
                    await settle.explain(connection, account_id, customer_id, policy=self._policy)

    def _kept(self, seen: Echo) -> dict[str, object]:
        """An echo as the database may know it: a fingerprint in place of the text."""
        kept = msgspec.to_builtins(seen)
        kept["content_hash"] = self._vault.fingerprint(kept.pop("text"))
        return dict(kept)


def _read(record: Record, changes: list[Change], echoes: list[tuple[Echo, int]]) -> None:
    if is_tombstone(record) or is_heartbeat(record) or record.value is None:
        return
    try:
        event = decode(record.value)
        learnt, seen = change(event, record.partition), echo(event)
    except (*UNREADABLE, ValueError) as error:
        # Ingest wrote it or nobody did; it stays in its topic, and there is nothing in it that we could act on.
        _log.error("event_unreadable", partition=record.partition, offset=record.offset, exc_info=error)
        return
    if learnt:
        changes.append(learnt)
    if seen:
        echoes.append((seen, record.partition))
