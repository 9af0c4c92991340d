"""What can be seen from outside: the demo reads Kaiwa's topics, as anybody may, and remembers what they say."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from kaiwa.bus.records import Record, is_heartbeat
from kaiwa.contracts import erasures, events, outcomes, sends, topics
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.outcomes import FINAL, Outcome
from kaiwa.contracts.sends import SendRequest
from kaiwa.devstack.demo.bot import BOT

TOPICS: Final = (topics.EVENTS, topics.SENDS, topics.OUTCOMES, topics.ERASURES, topics.QUARANTINE)
PATIENCE: Final = 45.0
"""Seconds for what is in doubt to be settled, and for erasures to be verified."""


class Watch:
    """`handle` takes the records in; `until` waits for a condition on what is known.

    `requests` and `latest` are by request id (the first body and the newest state win), `erasures` by erasure id.
    """

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.kinds: Counter[str] = Counter()
        self.by_mid: dict[str, list[Event]] = defaultdict(list)
        self.requests: dict[str, SendRequest] = {}
        self.latest: dict[str, Outcome] = {}
        self.deferred: set[tuple[str, str | None]] = set()
        self.doubted: set[str] = set()
        self.erasures: dict[str, str] = {}
        self.reasons: set[str] = set()
        self.tombstones = 0
        self.quarantined = 0
        self._seen: set[str] = set()
        self._changed = asyncio.Condition()

    async def handle(self, records: Sequence[Record]) -> None:
        for record in records:
            if not is_heartbeat(record):
                self._note(record)
        async with self._changed:
            self._changed.notify_all()

    async def until(self, met: Callable[[], object], what: str, *, within: float | None = None) -> None:
        """TimeoutError that says what did not happen; `within` seconds, or as long as this watch is patient."""
        within = within or self.patience
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(met)
        except TimeoutError:
            raise TimeoutError(f"not within {within:g} s: {what}") from None

    def state(self, request_id: str) -> str | None:
        found = self.latest.get(request_id)
        return found.state if found else None

    @property
    def answered(self) -> int:
        """How many messages the bot has asked to answer."""
        return sum(request.author.id == BOT for request in self.requests.values())

    @property
    def unanswered(self) -> set[str]:
        """Requests that have no final state yet."""
        return {name for name in self.requests if self.state(name) not in FINAL}

    @property
    def open_erasures(self) -> set[str]:
        return {name for name, state in self.erasures.items() if state != "closed"}

    def received(self, mid: str) -> Event | None:
        """The customer's message with this mid, once it is in Kafka."""
        return next((event for event in self.by_mid[mid] if event.kind == Kind.MESSAGE_RECEIVED), None)

    def _note(self, record: Record) -> None:
        try:
            match record.topic, record.value:
                case ((topics.EVENTS | topics.QUARANTINE), None):
                    self.tombstones += 1
                case topics.QUARANTINE, _:
                    self.quarantined += 1
                case topics.EVENTS, bytes(value):
                    self._event(events.decode(value))
                case topics.SENDS, bytes(value):
                    request = sends.decode(value)
                    self.requests.setdefault(request.request_id, request)
                case topics.OUTCOMES, bytes(value):
                    self._outcome(outcomes.decode(value))
                case topics.ERASURES, bytes(value):
                    order = erasures.decode_erasure(value)
                    self.erasures[order.erasure_id] = order.state
                    self.reasons.add(order.reason)
                case _:
                    pass
        except msgspec.DecodeError:
            pass  # junk that the story put there; that it is quarantined is checked at the end

    def _event(self, event: Event) -> None:
        if event.id in self._seen:
            return
        self._seen.add(event.id)
        self.kinds[event.kind] += 1
        mid = getattr(events.data_of(event), "mid", None)
        if mid:
            self.by_mid[mid].append(event)

    def _outcome(self, outcome: Outcome) -> None:
        known = self.latest.get(outcome.request_id)
        if known is None or outcome.seq > known.seq:
            self.latest[outcome.request_id] = outcome
        if outcome.state == "deferred":
            self.deferred.add((outcome.request_id, outcome.reason))
        if outcome.state == "in_doubt":
            self.doubted.add(outcome.request_id)
