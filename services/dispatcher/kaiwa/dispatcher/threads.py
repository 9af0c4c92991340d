"""Threads, as the Conversations API shows them: read within its own limit, and asked for windows nobody knows of."""

from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.thread import heard_at
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.rounds import each, learning, rounds
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.slots import Slots, Want
from kaiwa.meta import comments, routing
from kaiwa.meta.answers import ThreadMessage, ThreadPage
from kaiwa.meta.graph import Graph, Sender
from kaiwa.meta.routing import Idle, Owner
from kaiwa.runtime import logs
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load
from kaiwa.store.sealing import Unsealable

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 0.2  # seconds between rounds
_MOST = 20  # threads of one round
_LEASE = timedelta(seconds=60)  # above the time that a round of one account takes at two reads a second
_AGAIN = timedelta(seconds=5)  # after a reading that failed
_AUTOMATED = 1  # the rank of a reading: nobody waits for it in person
_FAILURES = 5  # readings, before an unknown window counts as closed


class Threads:
    """Reads threads; every reading of this installation takes its slot here."""

    def __init__(self, graph: Graph, logins: Logins, slots: Slots) -> None:
        self._graph = graph
        self._logins = logins
        self._slots = slots

    async def newest(self, row: Row) -> list[ThreadMessage] | None:
        """The newest messages of a conversation, newest first; None where nobody could say."""
        sender = await self._turn(row)
        return await self._graph.newest_messages(sender, row["customer_id"]) if sender else None

    async def page(self, row: Row, after: str | None) -> ThreadPage | None:
        """Some of an account's conversations; None where nobody could say."""
        sender = await self._turn(row)
        return await self._graph.threads(sender, after) if sender else None

    async def owner(self, row: Row) -> tuple[datetime, Owner | Idle | None]:
        """Who owns a conversation, and by PostgreSQL's clock since when that is known; None where nobody could say."""
        sender = await self._turn(row)
        asked_at = await self._slots.now()
        return asked_at, await routing.owner(self._graph, sender, row["customer_id"]) if sender else None

    async def mode(self, row: Row) -> Literal["routed", "open", "alone"] | None:
        """Which mode of conversation routing an account is in; None where nobody could say."""
        sender = await self._turn(row)
        return await routing.mode(self._graph, sender) if sender else None

    async def comment_made_at(self, row: Row) -> datetime | None:
        """When a comment was made; None where nobody could say."""
        sender = await self._turn(row)
        return await comments.made_at(self._graph, sender, row["comment_id"]) if sender else None

    async def _turn(self, row: Row) -> Sender | None:
        """Whoever may read now, for one reading."""
        try:
            sender = self._logins.sender(row)
        except Unsealable as error:
            _log.error("token_cannot_be_unsealed", exc_info=error)
            return None
        await self._slots.turn(Want(Desk(row["account_id"], "conversations"), _AUTOMATED))
        return sender


class Lookups:
    """Asks the thread, once, where a request is due and no event tells of its window."""

    def __init__(self, pool: asyncpg.Pool, threads: Threads) -> None:
        self._pool = pool
        self._threads = threads

    async def run(self) -> None:
        await rounds(self.once, every=_EVERY, waits="lookups_wait")

    async def once(self) -> None:
        async with self._pool.acquire() as connection:
            rows = [row async for row in _sql.take_looks(connection, lease=_LEASE, most=_MOST)]
        await each(rows, self._look)

    async def _look(self, row: Row) -> None:
        messages = await self._threads.newest(row)
        async with learning(self._pool, row) as connection:
            await _learn(connection, row, messages)


async def _learn(connection: Connection, row: Row, messages: list[ThreadMessage] | None) -> None:
    room = {"account_id": row["account_id"], "customer_id": row["customer_id"]}
    if messages is None:
        await _sql.look_failed(connection, **room, pause=_AGAIN, most=_FAILURES)
    else:
        await _sql.looked(connection, **room, heard_at=heard_at(messages, row["customer_id"]))
