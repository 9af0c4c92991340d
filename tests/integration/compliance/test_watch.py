"""The service watches its own ledger: it finds what was altered, and does not stand still."""

import asyncio
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import pytest
from compliance_rig import WITHIN, Rig

from kaiwa.bus.producer import Producer
from kaiwa.compliance import ledger
from kaiwa.compliance.core.check import Witness
from kaiwa.compliance.core.checkpoints import Keyring, signing_key
from kaiwa.compliance.ledger import Sealer, append
from kaiwa.compliance.loops import AWAY
from kaiwa.compliance.proof.watch import Watch
from kaiwa.runtime import metrics
from kaiwa.runtime.keys import read_keys
from kaiwa.store.pool import pool


class Aside(Watch):
    """Says so where the signatures would hold up everything else of the process."""

    def _ring(self, witnesses: Iterable[Witness]) -> Keyring:
        assert threading.current_thread() is not threading.main_thread()
        return super()._ring(witnesses)


async def test_the_service_finds_out_by_itself(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is altered by a superuser and put back: the watch says so, and up to where the ledger is what was signed.

    Broken by: a watch that ends at what it finds; one that trusts stored leaves; one that never looks at old entries again;
    a checkpoint for each entry under load, or one of many entries only.
    """
    key = signing_key(read_keys(Path(rig.env["KAIWA_COMPLIANCE__SIGNING_KEY_FILE"]))[0])
    async with pool(rig.dsn, application="test") as opened, Producer(rig.kafka, client_id="test") as producer:
        sealer = Sealer(opened, producer, [key], file=None)
        watch = Aside(opened, rig.dsn, rig.kafka, [key.public_key()], file=None)
        for size, most in ((2, 3), (4, 2)):
            monkeypatch.setattr(ledger, "_MOST", most)
            async with opened.acquire() as connection:
                await append(connection, [("erasure.received", secrets.token_bytes(32)) for _ in range(2)])
            assert await sealer._turn() is (most == 2), "at once again where there may be more"
            await watch._turn()
            assert said() == (size, 0)
        was = await _exchanged(opened, b"\xff" * 32)
        await watch._turn()
        assert said() == (4, 1)
        await _exchanged(opened, was)
        await watch._turn()
        assert said() == (4, 0)


async def test_the_watch_does_not_wait_for_a_lock_for_ever(rig: Rig) -> None:
    """Broken by: a connection without a limit, whose silence no line of the log explains."""
    key = signing_key(read_keys(Path(rig.env["KAIWA_COMPLIANCE__SIGNING_KEY_FILE"]))[0])
    async with pool(rig.dsn, application="test") as opened:
        watch = Watch(opened, rig.dsn, rig.kafka, [key.public_key()], file=None, patience=0.5)
        async with opened.acquire() as connection, connection.transaction():
            await connection.execute("lock table compliance.checkpoints in access exclusive mode")
            turn = asyncio.create_task(watch._turn())
            await asyncio.wait([turn], timeout=WITHIN)
            assert turn.done()
            assert isinstance(turn.exception(), AWAY), "so that the loop logs it and goes on"
        await watch._turn()


def said() -> tuple[float, float]:
    """Entries verified, and whether the ledger was altered."""
    return metrics.LEDGER_VERIFIED._value.get(), metrics.LEDGER_ALTERED._value.get()


async def _exchanged(opened: asyncpg.Pool, commitment: bytes) -> bytes:
    """The first entry's commitment before."""
    async with opened.acquire() as connection, connection.transaction():
        was: bytes = await connection.fetchval("select commitment from compliance.entries where seq = 0")
        await connection.execute("set local session_replication_role = replica")
        await connection.execute("update compliance.entries set commitment = $1 where seq = 0", commitment)
    return was
