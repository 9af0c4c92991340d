"""What single records say about a conversation, without an id of anybody: keyed hashes, times, yes and no.

Times are milliseconds of the event's own clock. Facts are a set: reading one twice, or in another order, adds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from kaiwa.compliance.core.audit.questions import asks, says_automatic
from kaiwa.contracts import ids, topics
from kaiwa.contracts.events import Event, Kind, Message, data_of, decode
from kaiwa.contracts.outcomes import Outcome, Trigger
from kaiwa.contracts.outcomes import decode as decode_outcome
from kaiwa.contracts.times import parse, to_ms
from kaiwa.contracts.wire import UNREADABLE

OPENING: Final = frozenset(
    {Kind.MESSAGE_RECEIVED, Kind.POSTBACK_RECEIVED, Kind.REACTION_ADDED, Kind.REFERRAL_RECEIVED}
)
"""What opens the 24-hour window (platform.md 3.1)."""


App = Literal["own", "other"]
"""Whose app sent a message: this one, or any other."""


class Said(msgspec.Struct, frozen=True, array_like=True):
    """The customer did something that opens the window; ``mid`` is a hash, as everywhere here."""

    mid: str
    at: int
    asks: bool = False


class Echo(msgspec.Struct, frozen=True, array_like=True):
    """A message left the account. ``app`` says through whom: this app, another one, or (None) nobody says."""

    mid: str
    at: int
    app: App | None = None
    says: bool | None = None
    """Whether its text says that no person wrote it; None without a text."""
    text: str = ""
    """Keyed hash of its text."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """How the dispatcher says that it disclosed."""

    trigger: Trigger
    text_id: str
    language: str
    mid: str | None


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """A part that an outcome calls sent; of several words about it the one with the highest ``seq`` counts."""

    mid: str
    at: int
    seq: int
    human: bool
    tagged: bool = False
    closes: int | None = None
    disclosure: Told | None = None


class Unsent(msgspec.Struct, frozen=True, array_like=True):
    """Nothing that was derived from the text of this message stays."""

    mid: str
    at: int


Fact = Said | Echo | Sent | Unsent


@dataclass(frozen=True)
class Talk:
    """A conversation: ids while a record is in hand, hashes to keep."""

    account_id: str
    customer_id: str

    def hash(self, key: bytes) -> str:
        """The same as a customer's erasure has, so that it finds what is kept of them here."""
        return ids.opaque(key, "customer", self.account_id, self.customer_id)


def read(topic: str, value: bytes, key: bytes) -> tuple[Talk, tuple[Fact, ...]] | None:
    """What a record adds to which conversation; None where that is nothing. Nothing in a record makes this raise."""
    try:
        match topic:
            case topics.EVENTS:
                event = decode(value)
                if event.account_id is None or event.customer_id is None:
                    return None
                talk, facts = Talk(event.account_id, event.customer_id), tuple(_of_event(event, key))
            case topics.OUTCOMES:
                outcome = decode_outcome(value)
                if outcome.customer_id is None:
                    return None
                talk, facts = Talk(outcome.account_id, outcome.customer_id), tuple(_of_outcome(outcome, key))
            case _:
                return None
    except (*UNREADABLE, ValueError):
        return None
    return (talk, facts) if facts else None


def _of_event(event: Event, key: bytes) -> Iterator[Fact]:
    if event.time_source != "event":
        return
    if event.kind in OPENING:
        text = data_of(event).text if event.kind == Kind.MESSAGE_RECEIVED else None
        yield Said(_mid(key, event, event.id), to_ms(event.occurred), bool(text and asks(text)))
    elif event.kind == Kind.MESSAGE_ECHOED:
        message: Message = data_of(event)
        yield Echo(
            _mid(key, event, message.mid),
            to_ms(event.occurred),
            _app(event, message),
            says_automatic(message.text) if message.text else None,
            ids.opaque(key, "text", message.text) if message.text else "",
        )
    elif event.kind == Kind.MESSAGE_UNSENT:
        yield Unsent(_mid(key, event, data_of(event).mid), to_ms(event.occurred))


def _app(event: Event, message: Message) -> App | None:
    if message.app_id is None:
        return None
    return "own" if message.app_id == event.app_id else "other"


def _mid(key: bytes, event: Event, mid: str) -> str:
    return ids.opaque(key, "mid", event.account_id or "", mid)


def _of_outcome(outcome: Outcome, key: bytes) -> Iterator[Fact]:
    """Of whatever state: a unit that failed half-way has parts that came through, and they need their disclosure."""

    def hashed(mid: str) -> str:
        return ids.opaque(key, "mid", outcome.account_id, mid)

    said = outcome.disclosure
    told = None
    if said is not None:
        told = Told(said.trigger, said.text_id, said.language, hashed(said.mid) if said.mid else None)
    closes = outcome.window_closes_at
    for part in outcome.parts:
        if part.state == "sent" and part.mid:
            yield Sent(
                hashed(part.mid),
                to_ms(parse(outcome.decided_at)),
                outcome.seq,
                outcome.author_kind == "human",
                outcome.tag is not None,
                to_ms(parse(closes)) if closes else None,
                told,
            )
