"""Departure: the last question before a call's bytes leave, asked on its open connection.

Whatever takes time (the making of a connection, other tasks' turns of a busy loop) is over then: what leaves in its slot
is at most the network's way late.
"""

import asyncio
import time
from functools import cache

from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commitments import Call, Claim
from kaiwa.dispatcher.core.pace import Slot
from kaiwa.dispatcher.slots import Slots
from kaiwa.dispatcher.throttling import Throttling
from kaiwa.runtime import logs, metrics

_log = logs.get_logger()
_waited = cache(metrics.TOKENS_WAITED.labels)


class Departure:
    """Waits for a call's slot, or for another one where it needs another bucket or came too late.

    ``at``: when it left, by the local clock. ``stays``: it must not be made any more: its lease is over, the platform has
    asked for silence meanwhile, or nobody could say when its turn is.
    """

    def __init__(
        self, slots: Slots, clock: DatabaseClock, throttling: Throttling, call: Call, claim: Claim
    ) -> None:
        self._slots = slots
        self._clock = clock
        self._throttling = throttling
        self._call = call
        self._claimed = claim.want.desk
        self.at: float | None = None
        self.stays = False

    async def leave(self, slot: Slot, *, until: float) -> bool:
        """Whether it leaves, now. ``until``: the end of its lease, by the local clock."""
        try:
            self.stays = not await self._turn(slot, until)
        except Exception as error:  # noqa: BLE001 - the client would take it for a failure of the connection, unsaid
            _log.warning("no_slot_to_leave_in", exc_info=error)
            self.stays = True
        return not self.stays

    async def _turn(self, slot: Slot, until: float) -> bool:
        want, started = self._call.want, time.monotonic()
        if want.desk != self._claimed:
            slot = await self._slots.another(want)
        while True:
            await sleep_until(min(self._clock.local(slot.at), until))
            now = time.monotonic()
            if now >= until or self._throttling.silent(want.desk.account_id, self._call.app_id):
                return False
            if now <= self._clock.local(slot.until):
                _waited(want.desk.bucket).inc(now - started)
                self.at = now
                return True
            slot = await self._slots.another(want)


async def sleep_until(moment: float) -> None:
    if (rest := moment - time.monotonic()) > 0:
        await asyncio.sleep(rest)
