"""Sealing keys while everything runs: which of them each process has, and everything sealed anew with the first.

A key may seal only once every process can open it; so a process shows what it has, and who rotates waits for all.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from kaiwa.dispatcher.contents import Contents, token_aad
from kaiwa.dispatcher.rounds import rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import logs
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load
from kaiwa.store.sealing import Unsealable

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 2.0
ALIVE = timedelta(seconds=15)
"""A process that has not shown its keys for so long does not run."""

_MOST = 200  # rows of one statement


class Keyring:
    """Shows this process's keys."""

    def __init__(self, pool: asyncpg.Pool, vault: Contents) -> None:
        self._pool = pool
        self._vault = vault
        self._process = str(uuid.uuid4())

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="keyring_waits")

    async def once(self) -> None:
        names = [name.hex() for name in self._vault.names]
        await _sql.show_keyring(self._pool, process=self._process, keys=names)


async def lacking(connection: Connection, key: bytes, *, first: bool) -> int:
    """How many running processes do not have this key, or do not have it first."""
    rings = [row["keys"] async for row in _sql.keyrings(connection, alive=ALIVE)]
    return sum(key.hex() not in (keys[:1] if first else keys) for keys in rings)


@dataclass(frozen=True)
class Resealed:
    """What was sealed anew, and what still is by another key: it came meanwhile, or its key is gone."""

    tokens: int
    contents: int
    left: int


async def reseal(connection: Connection, vault: Contents) -> Resealed:
    """Seal with the first key what another one sealed, row by row, while everything runs.

    A row that changed meanwhile is left as it is: whoever changed it sealed it.
    """
    key = vault.names[0]
    tokens = contents = 0
    after = ""
    while rows := [r async for r in _sql.tokens_sealed_before(connection, key=key, after=after, most=_MOST)]:
        after = rows[-1]["account_id"]
        for row in rows:
            fresh = _anew(vault, row, token_aad(row["account_id"]))
            named = {"account_id": row["account_id"], "old": row["sealed"]}
            tokens += bool(fresh and await _sql.reseal_token(connection, **named, sealed=fresh))
    after = ""
    while rows := [
        r async for r in _sql.contents_sealed_before(connection, key=key, after=after, most=_MOST)
    ]:
        after = rows[-1]["intent_id"]
        for row in rows:
            fresh = _anew(vault, row, row["intent_id"])
            named = {"intent_id": row["intent_id"], "stored_at": row["stored_at"], "old": row["sealed"]}
            contents += bool(fresh and await _sql.reseal_content(connection, **named, sealed=fresh))
    left = await _sql.sealed_otherwise(connection, key=key)
    return Resealed(tokens, contents, left["tokens"] + left["contents"])


def _anew(vault: Contents, row: Row, aad: str) -> bytes | None:
    try:
        return vault.sealed_anew(row["sealed"], aad)
    except Unsealable as error:
        _log.error("seal_cannot_be_opened", exc_info=error)
        return None
