"""How far the events are applied, as this process has heard, and which queues wait for more of it.

A hint, to choose the moment: the decision reads what the database says. Without it a message that came sooner than what
it answers would be claimed in vain, put back, and looked at again a quarter of a second later.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import asyncpg

from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.queues import Place
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_LOOK = 0.02  # seconds between looks at what other processes have applied, while somebody waits
_PATIENCE = 1.0  # seconds; then it is left to the scheduler's look at everything

Positions = Mapping[int, int]
"""By partition of the events, the offset below which they are, or have to be, applied."""


class _Waiting(NamedTuple):
    needs: Positions
    place: Place
    many: int
    since: float


class Knowledge:
    def __init__(self, pool: asyncpg.Pool, bell: Bell) -> None:
        self._pool = pool
        self._bell = bell
        self._applied: dict[int, int] = {}
        self._waiting: list[_Waiting] = []
        self._somebody = asyncio.Event()

    def lacks(self, needs: Positions) -> bool:
        return any(self._applied.get(partition, 0) < end for partition, end in needs.items())

    def heard(self, applied: Positions) -> None:
        """So far they are applied, and committed. Rings for the queues that waited for it."""
        for partition, position in applied.items():
            self._applied[partition] = max(position, self._applied.get(partition, 0))
        if self._waiting:
            self._ring()

    def wait(self, needs: Positions, place: Place, many: int) -> None:
        """Ring for so many conversations of this queue once all of that is applied."""
        self._waiting.append(_Waiting(needs, place, many, time.monotonic()))
        self._somebody.set()
        self._ring()

    async def run(self) -> None:
        """Hear of what other processes apply; of its own batches this one hears at once."""
        while True:
            await self._somebody.wait()
            await asyncio.sleep(_LOOK)
            before = time.monotonic() - _LOOK
            if any(one.since < before for one in self._waiting):
                await self._look()
            late = time.monotonic() - _PATIENCE
            self._waiting = [one for one in self._waiting if one.since > late]
            if not self._waiting:
                self._somebody.clear()

    async def _look(self) -> None:
        try:
            found = [row async for row in _sql.applied(self._pool)]
        except UNREACHABLE as error:
            _log.warning("knowledge_waits", exc_info=error)
        else:
            self.heard({row["partition"]: row["applied"] for row in found})

    def _ring(self) -> None:
        known = Counter[Place]()
        left = []
        for one in self._waiting:
            if self.lacks(one.needs):
                left.append(one)
            else:
                known[one.place] += one.many
        self._waiting = left
        if known:
            self._bell.ring(joined=known)
