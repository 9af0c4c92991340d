"""What a customer sees before automation answers: their message seen, somebody typing.

No message, no part, no outcome: it is shown if there is room for it within the moment, and forgotten. It takes slots as
every call does, never ahead of its own message by more than :data:`WITHIN`, and what becomes of it changes nothing.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

import asyncpg

from kaiwa.dispatcher.commitments import Call
from kaiwa.dispatcher.slots import Slots
from kaiwa.dispatcher.throttling import Throttled
from kaiwa.meta.answers import Accepted, NotSent
from kaiwa.meta.graph import MESSAGES, Graph
from kaiwa.runtime import metrics
from kaiwa.store.pool import UNREACHABLE

WITHIN: Final = 0.5
"""Seconds for which a message may be held up by its own announcement."""

_RESULTS: Final[Mapping[type, str]] = {Accepted: "shown", NotSent: "skipped"}
_SOON = timedelta(milliseconds=50)  # a bucket that is busier has better use for its slots


class Presence:
    def __init__(self, pool: asyncpg.Pool, graph: Graph, slots: Slots) -> None:
        self._pool = pool
        self._graph = graph
        self._slots = slots

    async def announce(self, call: Call) -> None:
        """Show what the call's account wants shown before it. Never raises, never lasts."""
        try:
            async with asyncio.timeout(WITHIN):
                for body in call.announced:
                    await self._show(call, body)
        except TimeoutError:
            metrics.PRESENCE.labels("late").inc()
        except (Throttled, *UNREACHABLE):
            metrics.PRESENCE.labels("skipped").inc()

    async def _show(self, call: Call, body: Mapping[str, Any]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            (slot,) = await self._slots.take(connection, [call.want], horizon=_SOON)
        if slot is None:
            metrics.PRESENCE.labels("skipped").inc()
            return
        answer = await self._graph.post(call.login, MESSAGES, body, leave=partial(self._slots.reached, slot))
        metrics.PRESENCE.labels(_RESULTS.get(type(answer), "failed")).inc()
