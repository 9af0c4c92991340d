"""What there is when the story is over: Meta's books on one side, everything that Kaiwa holds on the other."""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kaiwa.contracts.events import Event as Envelope
from kaiwa.contracts.events import data_of
from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.sends import SendRequest
from kaiwa.contracts.times import parse
from kaiwa.simulator.books import Books, Call, Event
from kaiwa.simulator.callbacks import Answered
from kaiwa.simulator.model import Account, Customer

OPENING: Final = {"message", "reaction", "postback"}
"""What opens a customer's window, in the words of the books."""

Conversation = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Written:
    """An event as it stands in Kafka; `delivery` is the trace of the webhook that brought it."""

    partition: int
    offset: int
    delivery: str | None
    event: Envelope

    @property
    def identity(self) -> tuple[str, str | None]:
        """Its kind and the message or comment that it is about."""
        data = data_of(self.event)
        return self.event.kind, getattr(data, "mid", None) or getattr(data, "comment_id", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`outcomes`: the newest of each request. `remains`: where a text that was unsent can still be read; `proven`: texts
    that the same look found before (None where the broker is not ours, and its files are not to be seen).
    `forgotten`: what Meta's callback about the owner of an account was answered; `deletions`: the state of each request
    to delete, by its code.

    `audit`: what the report counts of disclosures (`due`, `made in time`) and of findings about them.

    `spoken`: what the services said where nobody erases (logs, metrics), by place.
    """

    accounts: Sequence[Account]
    customers: Sequence[Customer]
    books: Books
    partitions: int
    written: Sequence[Written]
    requests: Mapping[str, SendRequest]
    outcomes: Mapping[str, Outcome]
    unfinished: Sequence[str]
    erasures: Mapping[str, str]
    proven: frozenset[str] | None
    remains: frozenset[str]
    forgotten: Mapping[str, Answered]
    deletions: Mapping[str, str]
    ledger: str
    audit: Mapping[str, int]
    spoken: Mapping[str, str]
    exits: Mapping[str, int]

    def state(self, request_id: str) -> str | None:
        found = self.outcomes.get(request_id)
        return found.state if found else None

    @property
    def refused(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes.values() if outcome.state == "refused"]

    @property
    def writers(self) -> dict[str | None, str]:
        """What kind of author asked for each message, by its mid."""
        return {mid: o.author_kind for o in self.outcomes.values() for mid in sent_parts(o)}

    @property
    def conversations(self) -> dict[Conversation, list[Call]]:
        """What each customer received, in its order."""
        talks: dict[Conversation, list[Call]] = defaultdict(list)
        for call in self.books.accepted():
            talks[call.account_id, call.customer_id].append(call)
        return talks

    def wanted(self, outcome: Outcome) -> float:
        """For when the request was judged: what is wanted later may be refused before that time."""
        decided = parse(outcome.decided_at).timestamp()
        request = self.requests.get(outcome.request_id)
        later = request.not_before if request else None
        return max(decided, parse(later).timestamp()) if later else decided

    def opened(self, outcome: Outcome) -> float:
        """When the customer last opened the window, by what had been answered 200 when this was decided.

        Not by what was unsent: it may be gone from Kafka before it was read, and unknown is closed.
        """
        decided = parse(outcome.decided_at).timestamp()
        unsent = {message.mid for message in self.books.unsent()}
        return max(
            (
                event.at
                for event in self.books.events
                if event.kind in OPENING
                and event.mid not in unsent
                and (event.account_id, event.customer_id) == (outcome.account_id, outcome.customer_id)
                and (event.acknowledged_at or decided) < decided
            ),
            default=0.0,
        )


def texts_of(books: Books, accounts: Container[str]) -> list[str]:
    """Everything that was written to these accounts and by them."""
    said = {event.text for event in books.events if event.account_id in accounts}
    answered = {call.text for call in books.calls if call.account_id in accounts}
    return sorted(text for text in said | answered if text)


def subject(event: Event) -> str | None:
    """The message or comment that an event of the books is about."""
    about = event.item.get("reaction") or event.item.get("read") or {}
    return event.mid or about.get("mid")


def sent_parts(outcome: Outcome) -> Iterator[str]:
    return (part.mid for part in outcome.parts if part.state == "sent" and part.mid)
