"""One claim, delivered: commit `sending` (unless its claim did), leave in the slot, POST once, record the answer.

The order is the promise: `sending` is durable before the first byte leaves, so whatever happens afterwards the part
is known to be in doubt and nobody hands it out again. There is one POST and no retry beneath it.
"""

import asyncio
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Final

from kaiwa.bus import tracing
from kaiwa.dispatcher.batcher import Batcher
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commitments import Call, Claim
from kaiwa.dispatcher.core.classify import NEVER_LEFT, UPLOAD_AGAIN, classify
from kaiwa.dispatcher.core.pace import Slot
from kaiwa.dispatcher.departure import Departure, sleep_until
from kaiwa.dispatcher.mark import Marker
from kaiwa.dispatcher.presence import Presence
from kaiwa.dispatcher.record import Ended, Recorder
from kaiwa.dispatcher.slots import Slots
from kaiwa.dispatcher.throttling import Heard, Throttling
from kaiwa.dispatcher.uploads import Errand, Uploads
from kaiwa.meta.answers import Accepted, Refused
from kaiwa.meta.graph import Graph
from kaiwa.runtime import crash, logs, metrics
from kaiwa.runtime.telemetry import Attribute
from kaiwa.store.pool import UNREACHABLE

_log = logs.get_logger()
_handed_over = cache(metrics.HANDOVER_SECONDS.labels)

_CALLING: Final[Mapping[Attribute, str]] = {"http.request.method": "POST"}
_LEAD = 0.02  # seconds before its slot that a call is committed
_MARKS_APART = 0.01  # seconds between transactions: a busy account's slots are closer together
_RECORDS_APART = 0.025  # and between those that record answers: no slot waits for them
_RECORD_PAUSES = (0.1, 0.2, 0.5, 1, 2, 5, 5, 5)  # an answer is worth keeping while PostgreSQL is away


class Sender:
    """Delivers claims. `marks` and `records` are its loops, to be run beside it."""

    def __init__(
        self,
        graph: Graph,
        marker: Marker,
        recorder: Recorder,
        slots: Slots,
        clock: DatabaseClock,
        *,
        presence: Presence,
        uploads: Uploads,
        throttling: Throttling,
        lease: float,
    ) -> None:
        self._graph = graph
        self._presence = presence
        self._uploads = uploads
        self._slots = slots
        self._clock = clock
        self._lease = lease
        self._throttling = throttling
        self.marks: Batcher[Claim, Call | Errand | None] = Batcher(marker.mark, at_once=2, apart=_MARKS_APART)
        self.records: Batcher[Ended, bool] = Batcher(recorder.record, at_once=2, apart=_RECORDS_APART)

    async def deliver(self, claim: Claim, call: Call | Errand | None = None) -> None:
        """Send part after part until the request ends, waits, or is no longer ours.

        ``call``: what the first one needs, where the claim's own transaction has committed to it.
        """
        slot, started = claim.slot, claim.since
        claim.lead.note(time.monotonic() - started)
        if call is not None:
            # Else one slow moment would have everything committed to at once, and nothing marked that could correct it.
            self._slots.marking.unused()
        try:
            while True:
                if call is None:
                    await sleep_until(self._clock.local(slot.at) - max(_LEAD, self._slots.marking.seconds))
                    started = time.monotonic()
                    call = await self.marks.submit(claim)
                    self._slots.marking.note(time.monotonic() - started)
                if call is None:
                    return
                if isinstance(call, Errand):
                    await self._uploads.run(call)
                    call = None
                    continue
                if call.announced:
                    await self._presence.announce(call)
                if not await self._record(await self._post(call, claim, slot, until=started + self._lease)):
                    return
                crash.point("dispatcher.between_parts")
                # The claim's bucket, whatever this part's was: its departure takes the slot for one of that bucket.
                slot, call = await self._slots.another(claim.want), None
        except UNREACHABLE as error:
            # The lease takes care: a claim goes back to the queue, a call that began is in doubt.
            _log.warning("delivery_left_to_its_lease", exc_info=error)
        except Exception as error:  # noqa: BLE001 - one delivery must not take the others down
            _log.error("delivery_failed", exc_info=error)

    async def _post(self, call: Call, claim: Claim, slot: Slot, *, until: float) -> Ended:
        departure = Departure(self._slots, self._clock, self._throttling, call, claim)
        leave = partial(departure.leave, slot, until=until)
        with tracing.resumed(
            f"POST {call.edge}", "client", call.cause, waited=call.waited, attributes=_CALLING
        ):
            answer = await self._graph.post(call.login, call.edge, call.body, leave=leave)
        if departure.stays:
            return Ended(call.part_id, call.want.desk.account_id, NEVER_LEFT)
        crash.point("dispatcher.answered")
        _observe(call, departure.at)
        usage = answer.usage if isinstance(answer, Accepted | Refused) else None
        if await self._uploads.forgotten(call.want.desk.account_id, call.borrowed, answer):
            return Ended(call.part_id, call.want.desk.account_id, UPLOAD_AGAIN, usage)
        verdict = classify(answer)
        self._throttling.hush(Heard(call.want.desk.account_id, usage, verdict), call.app_id)
        return Ended(call.part_id, call.want.desk.account_id, verdict, usage)

    async def _record(self, ended: Ended) -> bool:
        for pause in _RECORD_PAUSES:
            try:
                return await self.records.submit(ended)
            except UNREACHABLE as error:
                _log.warning("answer_waits", exc_info=error)
                await asyncio.sleep(pause)
        return await self.records.submit(ended)


def _observe(call: Call, left: float | None) -> None:
    if left is None:
        return
    metrics.SEND_SECONDS.observe(time.monotonic() - left)
    if call.late is not None:
        _handed_over(call.lane).observe(call.late + left - call.marked)
