"""The whole ledger, recomputed: stretch by stretch, side by side where there are processors, and from where an earlier
check stopped.
"""

import asyncio
import contextlib
import multiprocessing
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from kaiwa.compliance.core.check import STRETCH, Check, Stretch, Witness, recompute
from kaiwa.compliance.core.checkpoints import Keyring
from kaiwa.compliance.proof.notes import Notes, Remembered
from kaiwa.compliance.proof.witnesses import stored
from kaiwa.store import queries
from kaiwa.store.pool import Connection, connection

_SIDE_BY_SIDE: Final = 16 * STRETCH
"""Entries below which a process of its own takes longer to start than to save."""

_sql: Final = queries.load("kaiwa.compliance")

Progress = Callable[[int, int], None]
"""Told of how many entries of how many are checked."""


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
    notes: Notes | None = None,
    progress: Progress = lambda _done, _all: None,
    patience: float | None = None,
) -> Verified:
    """Raises Tampered. ``outside``: checkpoints that others keep; the database's own are added, from where ``notes`` say that
    an earlier check came to. ``patience`` bounds each statement here, in seconds, but not in other processes.
    """
    notes = notes or Remembered()
    noted = notes.read()
    async with connection(dsn, application="verify", patience=patience) as database:
        # In one snapshot: an entry that is sealed while we read is then only newer than its checkpoints.
        async with database.transaction(isolation="repeatable_read", readonly=True):
            witnesses = [*outside, *await stored(database, since=noted.size)]
            size = await _sql.sealed_size(database)
        # Beside the loop, as every signature is checked.
        check = await asyncio.to_thread(
            lambda: Check(witnesses, ring(witnesses), from_=noted if noted.size else None)
        )
        begun = check.tree.size
        async with contextlib.aclosing(_stretches(dsn, database, check, size, jobs)) as stretches:
            async for stretch in stretches:
                check.add(stretch)
                notes.write(check.covered)
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
    # Beside the loop: in the service it must not hold up the others.
    return await asyncio.to_thread(recompute, first, rows, sizes)
