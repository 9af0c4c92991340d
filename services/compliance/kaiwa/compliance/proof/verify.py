"""The whole ledger, recomputed: stretch by stretch, side by side where there are processors, and from where an earlier
check stopped.
"""

import asyncio
import contextlib
import multiprocessing
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from kaiwa.compliance.core.check import STRETCH, Check, Stretch, Witness, recompute
from kaiwa.compliance.core.checkpoints import Keyring
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.compliance.proof.witnesses import stored
from kaiwa.store import queries
from kaiwa.store.pool import Connection, connection

_SIDE_BY_SIDE: Final = 16 * STRETCH
"""Entries below which a process of its own takes longer to start than to save."""

_sql: Final = queries.load("kaiwa.compliance")

Progress = Callable[[int, int], None]
"""Told of how many entries of how many are checked."""


class _Covered(msgspec.Struct, frozen=True):
    """Of an earlier check: the tree that a checkpoint vouched for. It is compared with that checkpoint again."""

    size: int
    peaks: tuple[bytes, ...]


@dataclass(frozen=True)
class Verified:
    """What was checked: entries in all, those of them that this run read, checkpoints."""

    entries: int
    read: int
    checkpoints: int


async def verify(
    dsn: str,
    outside: Iterable[Witness],
    ring: Callable[[Iterable[Witness]], Keyring],
    *,
    jobs: int,
    notes: Path | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Verified:
    """Raises Tampered. ``outside``: checkpoints that others keep; the database's own are added. ``notes`` is a file that
    remembers how far a check came.
    """
    async with connection(dsn, application="verify") as database:
        # In one snapshot: an entry that is sealed while we read is then only newer than its checkpoints.
        async with database.transaction(isolation="repeatable_read", readonly=True):
            witnesses = [*outside, *await stored(database)]
            size = await _sql.sealed_size(database)
        check = Check(witnesses, ring(witnesses), from_=_noted(notes))
        begun = check.tree.size
        async with contextlib.aclosing(_stretches(dsn, database, check, size, jobs)) as stretches:
            async for stretch in stretches:
                check.add(stretch)
                _note(notes, check.covered)
                progress(check.tree.size, size)
        check.end()
    heads = {witness.checkpoint.tree_size for witness in witnesses}
    return Verified(check.tree.size, check.tree.size - begun, len(heads))


async def _stretches(
    dsn: str, database: Connection, check: Check, size: int, jobs: int
) -> AsyncGenerator[Stretch, None]:
    """From where the check is to ``size``, in order."""
    firsts = range(check.tree.size, size, STRETCH)
    tasks = [(first, min(first + STRETCH, size)) for first in firsts]
    asked = [(first, last, check.sizes(first, last)) for first, last in tasks]
    if jobs == 1 or size - check.tree.size < _SIDE_BY_SIDE:
        for first, last, sizes in asked:
            yield await _read(database, first, last, sizes)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        waiting = [loop.run_in_executor(pool, _apart, dsn, *each) for each in asked]
        try:
            for each in waiting:
                yield await each
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _apart(dsn: str, first: int, last: int, sizes: list[int]) -> Stretch:
    """One stretch in a process of its own."""

    async def run() -> Stretch:
        async with connection(dsn, application="verify") as database:
            return await _read(database, first, last, sizes)

    return asyncio.run(run())


async def _read(database: Connection, first: int, last: int, sizes: list[int]) -> Stretch:
    # The records as they come: unpacked as tuples, they cost half of what names and objects of ours would.
    rows: Any = await database.fetch(_sql.sealed_between.sql, first, last)
    return recompute(first, rows, sizes)


def _noted(notes: Path | None) -> Frontier | None:
    """Nothing where the file is not there or not ours: then the check begins at the beginning."""
    if notes is None:
        return None
    try:
        covered = msgspec.json.decode(notes.read_bytes(), type=_Covered)
    except (OSError, msgspec.DecodeError):
        return None
    if len(covered.peaks) != covered.size.bit_count():
        return None
    return Frontier(covered.size, covered.peaks)


def _note(notes: Path | None, covered: Frontier) -> None:
    if notes is None:
        return
    beside = notes.with_name(f"{notes.name}.new")
    beside.write_bytes(msgspec.json.encode(_Covered(covered.size, covered.peaks)))
    beside.replace(notes)
