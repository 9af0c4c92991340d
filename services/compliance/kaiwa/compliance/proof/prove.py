"""A proof is made from the database, and is held against its own checkpoint before it is handed on."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from kaiwa.compliance.core.entries import Entry, Fact, commit, subject
from kaiwa.compliance.core.proofs import Chosen, Opening, Proof, prove
from kaiwa.compliance.proof.witnesses import stored
from kaiwa.contracts.erasures import Checkpoint
from kaiwa.runtime.cli import Failure
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_sql: Final = queries.load("kaiwa.compliance")


async def proof_of(connection: Connection, about: str, *, since: int | None) -> Proof:
    """What is sealed about an erasure, a request by its code, a finding, or the entry of this number. ``since``: the size of a checkpoint that the reader
    keeps. Raises Failure where there is nothing to prove.
    """
    heads = [witness.checkpoint for witness in await stored(connection)]
    if not heads:
        raise Failure("the ledger has no checkpoint yet: try again in a few seconds")
    older = _of_size(heads, since) if since is not None else None
    chosen = await _chosen(connection, about)
    covered = [each for each in chosen if each.seq < heads[-1].tree_size]
    if not covered:
        raise Failure(f"nothing about {about} is sealed yet: see `kaiwa deletions list`, or try again")
    leaves = [row["leaf"] async for row in _sql.leaves_before(connection, last=heads[-1].tree_size)]
    return prove(about, covered, leaves, heads, since=older)


async def _chosen(connection: Connection, about: str) -> list[Chosen]:
    if about.isdecimal():
        row = await _sql.entry_numbered(connection, seq=int(about))
        return [] if row is None else [Chosen(row["seq"], _entry(row))]
    openings, since = await _openings(connection, about)
    rows = _sql.entries_committed(connection, commitments=list(openings), since=since)
    return [Chosen(row["seq"], _entry(row), openings[row["commitment"]]) async for row in rows]


async def _openings(connection: Connection, about: str) -> tuple[dict[bytes, Opening], datetime]:
    """Every commitment that may have been made about it, what opens each, and since when."""
    cases = [row async for row in _sql.cases_to_open(connection, about=about)]
    told = [
        (case, subject(fact, case["erasure_id"], case["account_hash"] or "", case["mid_hash"] or ""))
        for case in cases
        for fact in Fact
    ]
    verdicts = [row async for row in _sql.verdict_to_open(connection, verdict_id=about)]
    told += [
        (row, subject(f"audit.{row['kind']}.{row['state']}", about, row["account_hash"], row["subject_hash"]))
        for row in verdicts
    ]
    if not told:
        raise Failure(f"nothing is known about {about}: see `kaiwa deletions list`, or the report")
    since = min([*(case["received_at"] for case in cases), *(row["first_at"] for row in verdicts)])
    return {commit(row["nonce"], each): _opening(row, each) for row, each in told}, since


def _opening(row: asyncpg.Record, told: str) -> Opening:
    return Opening(base64.b64encode(row["nonce"]).decode(), told)


def _of_size(heads: Sequence[Checkpoint], size: int) -> Checkpoint:
    found = next((head for head in heads if head.tree_size == size), None)
    if found is None:
        raise Failure(f"there is no checkpoint of {size} entries: give the tree_size of one you hold")
    return found


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(row["kind"], row["recorded_at"], row["commitment"])
