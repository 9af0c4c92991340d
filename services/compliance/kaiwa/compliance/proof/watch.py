"""The service checks its own ledger: what was sealed since the last look, and now and then all of it."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import asyncpg
from aiokafka import TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kaiwa.compliance.core.check import Tampered, Witness
from kaiwa.compliance.core.checkpoints import Keyring, keyring
from kaiwa.compliance.loops import elected, keep
from kaiwa.compliance.proof.notes import Remembered
from kaiwa.compliance.proof.verify import Verified, verify
from kaiwa.compliance.proof.witnesses import published, written
from kaiwa.runtime import logs, metrics
from kaiwa.runtime.settings import Kafka

_EVERY: Final = 60.0  # seconds between two looks
_WHOLE: Final = 86_400.0  # seconds between two that begin at the first entry
_PATIENCE: Final = 30.0  # seconds for one statement: who waits for a lock says so in the log, and asks again

_log = logs.get_logger()


class Watch:
    """Elected: one pass is enough. ``keys`` are those that may sign, ``file`` is where checkpoints are written, too.

    What it finds is an alarm and stops nothing: the ledger goes on, and a person looks. It goes on from the beginning then.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        dsn: str,
        kafka: Kafka,
        keys: Sequence[Ed25519PublicKey],
        *,
        file: Path | None,
        patience: float = _PATIENCE,
    ) -> None:
        self._patience = patience
        self._pool, self._dsn, self._kafka, self._keys, self._file = pool, dsn, kafka, keys, file
        self._verified = time.monotonic()
        self._begin()
        metrics.LEDGER_VERIFIED_AGE.set_function(lambda: time.monotonic() - self._verified)

    async def run(self) -> None:
        await elected(
            self._pool, lambda: keep(self._turn, name="ledger_watch", every=_EVERY), name="ledger_watch"
        )

    def _begin(self) -> None:
        """At the first entry, and at the first checkpoint that others keep."""
        self._notes, self._offsets = Remembered(), dict[TopicPartition, int]()
        self._begun = time.monotonic()

    async def _turn(self) -> bool:
        if time.monotonic() - self._begun > _WHOLE:
            self._begin()
        try:
            found = await self._verify()
        except Tampered as finding:
            metrics.LEDGER_ALTERED.set(1)
            _log.error("ledger_altered", finding=str(finding))
            self._begin()
            return False
        metrics.LEDGER_ALTERED.set(0)
        metrics.LEDGER_VERIFIED.set(found.entries)
        self._verified = time.monotonic()
        return False

    async def _verify(self) -> Verified:
        # The outside witnesses first: an entry sealed while we read is then only newer than they are.
        outside = await published(self._kafka, self._offsets)
        if not self._notes.read().size:
            outside += await asyncio.to_thread(written, self._file)
        return await verify(
            self._dsn, outside, self._ring, jobs=1, notes=self._notes, patience=self._patience
        )

    def _ring(self, witnesses: Iterable[Witness]) -> Keyring:
        return keyring(self._keys, [witness.checkpoint for witness in witnesses])
