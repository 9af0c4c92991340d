"""The books: every call that came and every event that went, so that tests and the demo can compare.

They hold content. They are the judge's notes in memory, never a log.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from kaiwa.simulator.errors import Rule
from kaiwa.simulator.model import Host, RateClass
from kaiwa.simulator.rates import peak

Stream = Literal["messaging", "standby", "changes"]


class Call(msgspec.Struct, kw_only=True):
    """One POST to the messages edge.

    `broken` means that the box cut it off before the platform accepted it: the caller got no answer of Meta's.
    """

    n: int
    at: float
    arrived: float
    host: Host
    account_id: str | None = None
    app_id: str | None = None
    customer_id: str | None = None
    comment_id: str | None = None
    kind: str | None = None
    rate: RateClass = "text"
    tag: str | None = None
    body: Any = None
    outcome: Literal["accepted", "refused", "broken"] = "broken"
    mid: str | None = None
    rule: Rule | None = None
    code: int | None = None
    subcode: int | None = None
    fault: str | None = None

    @property
    def content(self) -> str | None:
        """The message in one canonical spelling; None for actions and reactions."""
        message = self.body.get("message") if isinstance(self.body, dict) and self.kind != "upload" else None
        return None if message is None else json.dumps(message, ensure_ascii=False, sort_keys=True)

    @property
    def text(self) -> str | None:
        match self.body:
            case {"message": {"text": str(text)}}:
                return text
            case _:
                return None

    @property
    def target(self) -> tuple[str | None, str | None]:
        """Whom it is for: two calls with the same target and content are the same message twice."""
        return self.account_id, self.comment_id or self.customer_id


class Event(msgspec.Struct, kw_only=True):
    """One item for one app, from its making to the 200 that acknowledged it."""

    n: int
    app_id: str
    login: Host
    account_id: str
    customer_id: str
    kind: str
    stream: Stream
    item: dict[str, Any]
    at: float
    produced_at: float
    mid: str | None = None
    text: str | None = None
    delay: float = 0.0
    attempts: int = 0
    acknowledged_at: float | None = None
    lost: bool = False


class Read(msgspec.Struct, kw_only=True):
    """One GET about an account; `fields` as they were asked for."""

    arrived: float
    account_id: str
    app_id: str
    what: str
    fields: str | None = None
    code: int | None = None


class Repeat(msgspec.Struct, frozen=True):
    """The same content to the same target more than once."""

    account_id: str | None
    target: str | None
    content: str
    times: int


class Unsent(msgspec.Struct, frozen=True):
    """A message that was taken back, and every text that it ever had."""

    account_id: str
    customer_id: str
    mid: str
    texts: list[str]


class Books(msgspec.Struct, kw_only=True):
    """All notes, and the questions one asks of them. The same in the box and at the end of the control API."""

    calls: list[Call] = []
    events: list[Event] = []
    reads: list[Read] = []
    """Of the Conversations API, which has a limit of its own."""
    asked: list[Read] = []
    """Every one, by its path."""

    def accepted(self, marker: str = "", *, account_id: str | None = None) -> list[Call]:
        """What was really sent and holds the marker in its content (all of it for an empty marker)."""
        return [
            call
            for call in self.calls
            if call.outcome == "accepted"
            and marker in (call.content or "")
            and account_id in {None, call.account_id}
        ]

    def posts(self, marker: str) -> list[Call]:
        """Every call with the marker in its content, whatever became of it."""
        return [call for call in self.calls if marker in (call.content or "")]

    def violations(self, *rules: Rule) -> list[Call]:
        """Refusals that a correct client would never have earned; of these rules only, when some are named."""
        return [
            call
            for call in self.calls
            if call.outcome == "refused" and call.rule != Rule.SCRIPTED and (not rules or call.rule in rules)
        ]

    def duplicates(self) -> list[Repeat]:
        """Content that a customer received more than once."""
        return _repeats(call for call in self.calls if call.outcome == "accepted")

    def reposts(self) -> list[Repeat]:
        """Content posted again although the platform may have accepted it: a refusal alone permits a repeat."""
        return _repeats(call for call in self.calls if call.outcome != "refused")

    def peak(
        self,
        account_id: str,
        *,
        app_id: str | None = None,
        rate: RateClass = "text",
        seconds: float = 1.0,
    ) -> int:
        """The most calls of one class in any stretch of real time that long, refused ones included."""
        notes: list[Read] | list[Call] = self.reads if rate == "read" else self._of(rate)
        return peak(
            (
                note.arrived
                for note in notes
                if note.account_id == account_id and app_id in {None, note.app_id}
            ),
            seconds,
        )

    def _of(self, rate: RateClass) -> list[Call]:
        return [call for call in self.calls if call.rate == rate]

    def produced(self, kind: str | None = None, marker: str = "") -> list[Event]:
        """Events of a kind whose text holds the marker."""
        return [
            event
            for event in self.events
            if kind in {None, event.kind} and (not marker or marker in (event.text or ""))
        ]

    def unacknowledged(self) -> list[Event]:
        """What no 200 has answered yet and is still owed."""
        return [event for event in self.events if event.acknowledged_at is None and not event.lost]

    def unsent(self) -> list[Unsent]:
        """Every message that was taken back, with the texts that must be gone everywhere."""
        taken = {event.mid: event for event in self.events if event.kind == "unsend" and event.mid}
        return [
            Unsent(event.account_id, event.customer_id, mid, self._texts(mid)) for mid, event in taken.items()
        ]

    def _texts(self, mid: str) -> list[str]:
        return sorted({event.text for event in self.events if event.mid == mid and event.text})


def _repeats(calls: Iterable[Call]) -> list[Repeat]:
    counted = Counter((*call.target, call.content) for call in calls if call.content is not None)
    return [
        Repeat(account_id, target, content, times)
        for (account_id, target, content), times in counted.items()
        if times > 1
    ]
