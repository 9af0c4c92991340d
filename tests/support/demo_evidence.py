"""A little story that went well, as evidence: one question, its disclosed answer, a person's reply, an unsend."""

from typing import Any

import msgspec

from kaiwa.contracts.events import Event as Envelope
from kaiwa.contracts.events import Kind
from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest
from kaiwa.contracts.times import from_ms, rfc3339
from kaiwa.devstack.demo.evidence import Evidence, Written
from kaiwa.simulator.books import Books, Call, Event
from kaiwa.simulator.callbacks import Answered
from kaiwa.simulator.model import Account, Customer

ACCOUNT, CUSTOMER = "17841400000000001", "1111111111111111"
LEFT = "17841400000000009"
"""An account whose owner asked to be forgotten."""
PARTITIONS = 12
NOW = 1_795_000_000.0
QUESTION, SECRET = "#0001 Do you have it?", "#0002 my code is 4f1c"
HELLO = "Hi, this is Blue Moon's automatic assistant."


def happened(n: int, kind: str = "message", **fields: Any) -> Event:
    """An event of the books, acknowledged."""
    given = {"item": {}, "at": NOW + n, "produced_at": NOW + n, "acknowledged_at": NOW + n, **fields}
    return Event(
        n=n,
        app_id="1001",
        login="facebook",
        account_id=ACCOUNT,
        customer_id=CUSTOMER,
        kind=kind,
        stream="messaging",
        **given,
    )


def written(
    offset: int, kind: str, data: dict[str, Any], *, delivery: str = "a", partition: int | None = None
) -> Written:
    """An event as it stands in Kafka."""
    envelope = Envelope(
        id=f"event-{offset}",
        kind=kind,
        app_id="1001",
        account_id=ACCOUNT,
        customer_id=CUSTOMER,
        occurred_at=rfc3339(from_ms(int(NOW * 1000))),
        time_source="event",
        received_at=rfc3339(from_ms(int(NOW * 1000))),
        stream="messaging",
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    home = of_conversation(ACCOUNT, CUSTOMER, PARTITIONS)
    return Written(home if partition is None else partition, offset, delivery, envelope)


def called(n: int, text: str, **fields: Any) -> Call:
    """A call that Meta accepted, unless the fields say otherwise."""
    given = {"outcome": "accepted", "mid": f"sent-{n}", "arrived": float(n), **fields}
    return Call(
        n=n,
        at=NOW + n,
        host="facebook",
        account_id=ACCOUNT,
        app_id="1001",
        customer_id=CUSTOMER,
        kind="text",
        body={"message": {"text": text}},
        **given,
    )


def ended(name: str, state: str = "sent", *mids: str, author: str = "automation", **fields: Any) -> Outcome:
    given = {
        "id": f"outcome-{name}",
        "seq": 2,
        "request_id": name,
        "account_id": ACCOUNT,
        "customer_id": CUSTOMER,
        "state": state,
        "parts": [{"n": n, "state": "sent", "mid": mid} for n, mid in enumerate(mids, 1)],
        "author_kind": author,
        "lane": "human" if author == "human" else "transactional",
        "decided_at": rfc3339(from_ms(int(NOW * 1000) + 60_000)),
        **fields,
    }
    return msgspec.convert(given, Outcome)


def asked(name: str, text: str, author: str = "automation") -> SendRequest:
    return SendRequest(
        request_id=name,
        account_id=ACCOUNT,
        recipient=Recipient(customer_id=CUSTOMER),
        author=msgspec.convert({"kind": author}, Author),
        message=Message(text=text),
    )


def evidence(**changes: Any) -> Evidence:
    """All went well, but for the changes."""
    shop = Account(
        account_id=ACCOUNT,
        login="facebook",
        page_id="1029",
        tokens={"1001": "EAAtoken"},
        username="blue.moon",
    )
    given: dict[str, Any] = {
        "accounts": [shop],
        "customers": [Customer(customer_id=CUSTOMER, account_id=ACCOUNT, username="customer.ab12")],
        "books": books(),
        "partitions": PARTITIONS,
        "written": [
            written(0, Kind.MESSAGE_RECEIVED, {"mid": "m1", "text": QUESTION}),
            written(1, Kind.MESSAGE_UNSENT, {"mid": "m2"}),
            written(2, Kind.REACTION_ADDED, {"mid": "m1"}),
        ],
        "requests": {"bot": asked("bot", "Yes"), "agent": asked("agent", "Kim here", "human")},
        "outcomes": {
            "bot": ended("bot", "sent", "sent-1"),
            "agent": ended("agent", "sent", "sent-2", author="human"),
        },
        "unfinished": [],
        "erasures": {"E1": "closed"},
        "proven": frozenset([SECRET]),
        "remains": frozenset(),
        "forgotten": {LEFT: Answered(status=200, confirmation_code="CODE")},
        "deletions": {"CODE": "done"},
        "ledger": "4 entries, 1 checkpoints",
        "audit": {"due": 1, "made in time": 1},
        "spoken": {"ingest.log": '{"event": "serving"}'},
        "exits": {"ingest": 0},
    }
    return Evidence(**given | changes)


def books(*more: Event | Call, calls: list[Call] | None = None) -> Books:
    events = [
        happened(0, mid="m1", text=QUESTION),
        happened(1, mid="m2", text=SECRET),
        happened(2, "unsend", mid="m2"),
        happened(3, "reaction", item={"reaction": {"mid": "m1"}}),
        msgspec.structs.replace(happened(4, mid="m9", text="Bonjour"), account_id=LEFT),
    ]
    made = [called(1, f"{HELLO}\n\nYes"), called(2, "Kim here")] if calls is None else calls
    return Books(
        events=events + [each for each in more if isinstance(each, Event)],
        calls=made + [each for each in more if isinstance(each, Call)],
    )
