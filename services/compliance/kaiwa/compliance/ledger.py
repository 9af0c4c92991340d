"""The ledger's thin edge: entries go in with the business, one sealer numbers them, checkpoints go out."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.core.checkpoints import sign
from kaiwa.compliance.core.entries import Entry, Fact, commitment
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.compliance.loops import keep
from kaiwa.contracts import cloudevents, topics
from kaiwa.contracts.erasures import Checkpoint, encode
from kaiwa.runtime import crash, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_MOST: Final = 10_000  # entries of one seal
_EVERY: Final = 1.0  # seconds between two looks for unsealed entries
_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge checkpoints

_sql: Final = queries.load("kaiwa.compliance")


async def enter(connection: Connection, fact: Fact, cases: Iterable[asyncpg.Record]) -> None:
    """Enter a fact about each case, in the caller's transaction."""
    made = [
        commitment(case["nonce"], fact, case["erasure_id"], case["account_hash"], case["mid_hash"])
        for case in cases
    ]
    await _sql.append_entries(connection, kinds=[fact.value] * len(made), commitments=made)


class Sealer:
    """Numbers what is new and signs the tree; of any number of processes one at a time does."""

    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, key: Ed25519PrivateKey, *, file: Path | None
    ) -> None:
        self._pool, self._producer, self._key, self._file = pool, producer, key, file

    async def run(self) -> None:
        await keep(self._turn, name="ledger", every=_EVERY)

    async def _turn(self) -> bool:
        sealed = await self._seal()
        published = await self._publish()
        async with self._pool.acquire() as connection:
            state = await _sql.ledger_state(connection)
        metrics.LEDGER_SIZE.set(state["size"])
        metrics.OLDEST_UNSEALED.set(state["oldest_unsealed"])
        return sealed or published

    async def _seal(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await _sql.try_lock_seal(connection):
                return False
            rows = [row async for row in _sql.unsealed(connection, most=_MOST)]
            if not rows:
                return False
            leaves = [Entry(row["kind"], row["recorded_at"], row["commitment"]).leaf for row in rows]
            tree = await _newest(connection)
            seqs = list(range(tree.size, tree.size + len(rows)))
            tree = tree.extended(leaves)
            await _sql.seal(connection, ids=[row["id"] for row in rows], seqs=seqs, leaves=leaves)
            await self._sign(connection, tree)
        crash.point("compliance.sealed")
        return True

    async def _sign(self, connection: Connection, tree: Frontier) -> None:
        head = sign(self._key, tree, utc_now())
        await _sql.add_checkpoint(
            connection,
            tree_size=head.tree_size,
            root=head.root,
            signed_at=head.signed_at,
            key_id=head.key_id,
            signature=head.signature,
            peaks=list(tree.peaks),
        )

    async def _publish(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = _sql.checkpoints_to_publish(connection, most=_MOST)
            heads = [Checkpoint(**row) async for row in rows]
            if heads:
                await self._producer.publish([_outgoing(head) for head in heads], within=_WITHIN)
                if self._file is not None:
                    await asyncio.to_thread(_append, self._file, heads)
                await _sql.mark_published(connection, tree_sizes=[head.tree_size for head in heads])
        return bool(heads)


async def _newest(connection: Connection) -> Frontier:
    row = await _sql.newest_checkpoint(connection)
    return Frontier() if row is None else Frontier(row["tree_size"], tuple(row["peaks"]))


def _outgoing(head: Checkpoint) -> Outgoing:
    headers = cloudevents.headers(
        event_id=str(head.tree_size), kind="ledger.checkpoint", account_id=None, time=head.signed_at
    )
    return Outgoing(topics.CHECKPOINTS, str(head.tree_size).encode(), encode(head), headers)


def _append(file: Path, heads: Iterable[Checkpoint]) -> None:
    with file.open("ab") as out:
        out.writelines(encode(head) + b"\n" for head in heads)
        out.flush()
        os.fsync(out.fileno())
