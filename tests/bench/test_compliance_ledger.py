"""What the proof costs: entries beside bare INSERTs, and the check of a long ledger beside reading and hashing it.

Each is a ratio of figures from one run, the processor's time first; absolute figures are only reported.
"""

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from contest import Rounds, own_cpu, ratio, report

from kaiwa.compliance.core.check import STRETCH
from kaiwa.compliance.core.checkpoints import keyring, sign, signing_key
from kaiwa.compliance.core.entries import Entry, commit, subject
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.compliance.ledger import append
from kaiwa.compliance.proof.verify import verify
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool

ROUNDS = 3
APPEND_BAR = VERIFY_BAR = 0.5
BATCH, BATCHES = 500, 40
ENTRIES = int(os.environ.get("KAIWA_BENCH_LEDGER", "1000000"))
KEY = signing_key(b"\x07" * 32)
KIND, NONCE = "erasure.received", b"n" * 32


@pytest.fixture
async def ledger(database: str) -> str:
    await migrate(database, {"compliance": rooms()["compliance"]})
    return database


async def test_entering(ledger: str) -> None:
    """Entries in batches, their commitments made, triggers and indexes on, beside bare INSERTs of the same rows."""
    made = [(KIND, commit(NONCE, subject(KIND, f"E{n}", "A", "M"))) for n in range(BATCH)]
    ours, bare = Rounds(), Rounds()
    async with pool(ledger, application="bench", max_size=1) as opened, opened.acquire() as connection:
        await connection.execute(
            "create table bare (id bigint generated always as identity primary key, kind text not null,"
            " recorded_at timestamptz not null default clock_timestamp(), commitment bytea not null)"
        )

        async def enter() -> None:
            for _ in range(BATCHES):
                entries = [(KIND, commit(NONCE, subject(KIND, f"E{n}", "A", "M"))) for n in range(BATCH)]
                async with connection.transaction():
                    await append(connection, entries)

        async def insert() -> None:
            statement = "insert into bare (kind, commitment) select * from unnest($1::text[], $2::bytea[])"
            for _ in range(BATCHES):
                async with connection.transaction():
                    await connection.execute(
                        statement, [kind for kind, _ in made], [each for _, each in made]
                    )

        await enter()
        await insert()
        for _ in range(ROUNDS):
            await ours.measure(enter(), own_cpu, units=BATCH * BATCHES)
            await bare.measure(insert(), own_cpu, units=BATCH * BATCHES)
    to_bare = ratio(bare.wall, ours.wall)
    report(
        "entering into the ledger",
        entries_to_bare_inserts=to_bare,
        cpu_to_bare_inserts=ratio(bare.cpu, ours.cpu),
        entries_per_second=[ours.a_second, bare.a_second],
        bar=APPEND_BAR,
    )
    assert to_bare >= APPEND_BAR


@pytest.mark.timeout(900)
async def test_verifying(ledger: str) -> None:
    """One process of the check, beside a loop that reads the same rows in the same pages and makes as many SHA-256 calls
    of as many bytes: two an entry.
    """
    await _sealed(ledger, ENTRIES)
    ours, bare = Rounds(), Rounds()

    async def check() -> None:
        found = await verify(
            ledger, [], lambda heads: keyring([KEY.public_key()], [h.checkpoint for h in heads]), jobs=1
        )
        assert found.entries == ENTRIES

    for _ in range(ROUNDS):
        await bare.measure(_read_and_hashed(ledger), own_cpu, units=ENTRIES)
        await ours.measure(check(), own_cpu, units=ENTRIES)
    started = time.perf_counter()
    await verify(
        ledger,
        [],
        lambda heads: keyring([KEY.public_key()], [h.checkpoint for h in heads]),
        jobs=os.cpu_count() or 1,
    )
    aside = time.perf_counter() - started
    to_bare = ratio(bare.cpu, ours.cpu)
    report(
        "verifying the ledger",
        entries=ENTRIES,
        cpu_to_reading_and_hashing=to_bare,
        entries_to_reading_and_hashing=ratio(bare.wall, ours.wall),
        seconds=[round(ENTRIES / each.a_second, 1) for each in (ours, bare)],
        seconds_side_by_side=round(aside, 1),
        bar=VERIFY_BAR,
    )
    assert to_bare >= VERIFY_BAR


async def _sealed(dsn: str, count: int) -> None:
    """A ledger as it lies after a long time: written past the triggers, sealed and signed every 10,000."""
    moment, tree = datetime(2026, 11, 22, 12, tzinfo=UTC), Frontier()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set session_replication_role = replica")
        for first in range(0, count, 10_000):
            numbers = range(first, min(first + 10_000, count))
            entries = [
                Entry(KIND, moment + timedelta(milliseconds=n), hashlib.sha256(n.to_bytes(8)).digest())
                for n in numbers
            ]
            leaves = [entry.leaf for entry in entries]
            tree = tree.extended(leaves)
            await connection.copy_records_to_table(
                "entries",
                schema_name="compliance",
                columns=["kind", "recorded_at", "commitment", "seq", "leaf"],
                records=[
                    (entry.kind, entry.recorded_at, entry.commitment, n, leaf)
                    for n, entry, leaf in zip(numbers, entries, leaves, strict=True)
                ],
            )
            head = sign(KEY, tree, moment)
            await connection.execute(
                "insert into compliance.checkpoints (tree_size, root, signed_at, key_id, signature, peaks)"
                " values ($1, $2, $3, $4, $5, $6)",
                head.tree_size,
                head.root,
                head.signed_at,
                head.key_id,
                head.signature,
                list(tree.peaks),
            )
        await connection.execute("analyze compliance.entries")
    finally:
        await connection.close()


async def _read_and_hashed(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        text, hashes = b"x" * 115, b"h" * 65
        statement = (
            "select seq, kind, recorded_at, commitment, leaf from compliance.entries"
            " where seq >= $1 and seq < $2 order by seq"
        )
        for first in range(0, ENTRIES, STRETCH):
            for _ in await connection.fetch(statement, first, first + STRETCH):
                hashlib.sha256(text).digest()
                hashlib.sha256(hashes).digest()
    finally:
        await connection.close()
