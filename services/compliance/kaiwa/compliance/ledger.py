"""The ledger's thin edge: entries go in with the business, one sealer numbers them, checkpoints go out."""

import asyncio
import fcntl
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import asyncpg
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.core.checkpoints import Sign, StandAside, hand_over, key_id, raw, sign, turn
from kaiwa.compliance.core.entries import KEY_CHANGED, Entry, Fact, commit, commitment, subject
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.compliance.loops import keep
from kaiwa.contracts import cloudevents, topics
from kaiwa.contracts.erasures import Checkpoint, encode
from kaiwa.runtime import crash, logs, metrics
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.metrics.ages import Ages
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_MOST: Final = 10_000  # entries of one seal
_EVERY: Final = 1.0  # seconds between two looks for unsealed entries
_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge checkpoints

_sql: Final = queries.load("kaiwa.compliance")
_log = logs.get_logger()


async def enter(connection: Connection, fact: Fact, cases: Iterable[asyncpg.Record]) -> None:
    """Enter a fact about each case, in the caller's transaction."""
    cases = list(cases)
    made = [
        commitment(case["nonce"], fact, case["erasure_id"], case["account_hash"], case["mid_hash"])
        for case in cases
    ]
    await append(connection, [(fact.value, each) for each in made])
    await _sql.note_facts(connection, fact=fact.value, erasure_ids=[case["erasure_id"] for case in cases])


async def append(connection: Connection, entries: Sequence[tuple[str, bytes]]) -> None:
    """Enter kinds and commitments, in the caller's transaction."""
    await _sql.append_entries(
        connection, kinds=[kind for kind, _ in entries], commitments=[committed for _, committed in entries]
    )


class Sealer:
    """Numbers what is new and signs the tree; of any number of processes one at a time does. The first key signs; where
    another one did so far, it has to be among the rest, to sign that it hands over.
    """

    def __init__(
        self, pool: asyncpg.Pool, producer: Producer, keys: Sequence[Ed25519PrivateKey], *, file: Path | None
    ) -> None:
        self._pool, self._producer, self._keys, self._file = pool, producer, keys, file
        self._aside: str | None = None
        self._ages = Ages(metrics.OLDEST_UNSEALED)

    async def run(self) -> None:
        await keep(self._turn, name="ledger", every=_EVERY)

    async def _turn(self) -> bool:
        """Busy only where there was more than one seal takes: a checkpoint a second is enough."""
        full = await self._seal()
        full |= await self._publish()
        async with self._pool.acquire() as connection:
            state = await _sql.ledger_state(connection)
        metrics.LEDGER_SIZE.set(state["size"])
        self._ages.seen({metrics.OLDEST_UNSEALED: state["oldest_unsealed"]})
        return full

    async def _seal(self) -> bool:
        """Whether there may be more."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await _sql.try_lock_seal(connection):
                return False
            whose = await self._whose_turn(connection)
            if isinstance(whose, StandAside):
                self._stand_aside(whose.key_id)
                return False
            full = await self._seal_with(connection, whose.key, whose.after)
        crash.point("compliance.sealed")
        return full

    async def _whose_turn(self, connection: Connection) -> Sign | StandAside:
        newest = await _sql.newest_checkpoint(connection)
        retired = frozenset([row["key_id"] async for row in _sql.retired_keys(connection)])
        return turn(newest and head_of(newest), self._keys, retired)

    def _stand_aside(self, signs: str) -> None:
        if self._aside != signs:
            _log.error("ledger_signed_by_another_key", key_id=signs)
        self._aside = signs

    async def _seal_with(
        self, connection: Connection, key: Ed25519PrivateKey, after: Ed25519PrivateKey | None
    ) -> bool:
        if after is not None:
            changed = commit(b"", subject(KEY_CHANGED, raw(key.public_key()).hex()))
            await append(connection, [(KEY_CHANGED, changed)])
        rows = [row async for row in _sql.unsealed(connection, most=_MOST)]
        if not rows:
            return False
        leaves = [Entry(row["kind"], row["recorded_at"], row["commitment"]).leaf for row in rows]
        tree = await _newest(connection)
        seqs = list(range(tree.size, tree.size + len(rows)))
        tree = tree.extended(leaves)
        await _sql.seal(connection, ids=[row["id"] for row in rows], seqs=seqs, leaves=leaves)
        now = utc_now()
        await _keep(connection, hand_over(after, key, tree, now) if after else sign(key, tree, now), tree)
        if after is not None:
            _log.info("ledger_key_changed", key_id=key_id(key.public_key()), tree_size=tree.size)
        return len(rows) == _MOST

    async def _publish(self) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = _sql.checkpoints_to_publish(connection, most=_MOST)
            heads = [head_of(row) async for row in rows]
            if heads:
                await self._producer.publish([_outgoing(head) for head in heads], within=_WITHIN)
                if self._file is not None:
                    await asyncio.to_thread(write, self._file, heads)
                await _sql.mark_published(connection, tree_sizes=[head.tree_size for head in heads])
        return len(heads) == _MOST


async def _keep(connection: Connection, head: Checkpoint, tree: Frontier) -> None:
    await _sql.add_checkpoint(
        connection,
        tree_size=head.tree_size,
        root=head.root,
        signed_at=head.signed_at,
        key_id=head.key_id,
        signature=head.signature,
        succession=msgspec.to_builtins(head.succession),
        peaks=list(tree.peaks),
    )


def head_of(row: asyncpg.Record) -> Checkpoint:
    return msgspec.convert(dict(row), Checkpoint)


async def _newest(connection: Connection) -> Frontier:
    row = await _sql.newest_checkpoint(connection)
    return Frontier() if row is None else Frontier(row["tree_size"], tuple(row["peaks"]))


def _outgoing(head: Checkpoint) -> Outgoing:
    headers = cloudevents.headers(
        event_id=str(head.tree_size), kind="ledger.checkpoint", account_id=None, time=head.signed_at
    )
    return Outgoing(topics.CHECKPOINTS, str(head.tree_size).encode(), encode(head), headers)


def write(file: Path, heads: Iterable[Checkpoint]) -> None:
    """A line each, behind those that are there. Another process may be doing the same."""
    with file.open("a+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        _end_with_a_line(out)
        out.writelines(encode(head) + b"\n" for head in heads)
        out.flush()
        os.fsync(out.fileno())


def _end_with_a_line(out: BinaryIO) -> None:
    """A line that was cut short, by a full disk or a crash, goes: what it was to say is not marked as published, and is
    written once more.
    """
    if out.seek(0, os.SEEK_END) == 0:
        return
    out.seek(-1, os.SEEK_END)
    if out.read(1) != b"\n":
        out.seek(0)
        out.truncate(out.read().rfind(b"\n") + 1)
        _log.warning("checkpoint_file_was_cut_short")
