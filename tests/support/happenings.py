"""Records of ``instagram.events.v1`` as ingest writes them, for tests that stand behind it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import accounts, topics
from kaiwa.contracts.accounts import Account, login_user_hash
from kaiwa.contracts.events import Event, Kind, Stream, encode
from kaiwa.contracts.ids import derived
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.times import rfc3339

PARTITIONS = 4
ACCOUNT = "17841400000000001"


def event(
    kind: Kind,
    data: dict[str, Any],
    *,
    customer: str | None,
    account: str | None = ACCOUNT,
    raw: Any = None,
    stream: Stream = "messaging",
) -> Event:
    """An event whose id follows from what it says, as a redelivery's does."""
    now = rfc3339(datetime.now(UTC))
    return Event(
        id=derived(kind, str(account), str(customer), repr(data)),
        kind=kind,
        app_id="1001",
        account_id=account,
        customer_id=customer,
        occurred_at=now,
        time_source="event",
        received_at=now,
        stream=stream,
        data=msgspec.Raw(msgspec.json.encode(data)),
        raw=msgspec.Raw(msgspec.json.encode(raw)),
    )


def message(
    mid: str,
    text: str,
    *,
    customer: str,
    account: str = ACCOUNT,
    kind: Kind = Kind.MESSAGE_RECEIVED,
    stream: Stream = "messaging",
) -> Event:
    return event(kind, {"mid": mid, "text": text}, customer=customer, account=account, stream=stream)


def edit(mid: str, text: str, *, customer: str, number: int = 1) -> Event:
    return event(Kind.MESSAGE_EDITED, {"mid": mid, "text": text, "num_edit": number}, customer=customer)


def unsend(mid: str, *, customer: str, raw: Any = None, stream: Stream = "messaging") -> Event:
    return event(Kind.MESSAGE_UNSENT, {"mid": mid}, customer=customer, raw=raw, stream=stream)


def record(happened: Event) -> Outgoing:
    """Where ingest would put it."""
    partition = of_conversation(happened.account_id or "", happened.customer_id, PARTITIONS)
    return Outgoing(topics.EVENTS, happened.id.encode(), encode(happened), partition=partition)


def wish(kind: Kind, user_id: str, code: str) -> Outgoing:
    """A callback of Meta, as ingest records it."""
    data = {"user_id": user_id, "code": code, "issued_at": "2026-11-22T10:00:00.000Z"}
    happened = event(kind, data, customer=None, account=None)
    return Outgoing(topics.PRIVACY, happened.id.encode(), encode(happened))


def registered(account_id: str, user_id: str) -> Outgoing:
    """An account that this user logged in, as the dispatcher tells of it."""
    account = Account(account_id=account_id, app_id="1001", login_user_hash=login_user_hash("1001", user_id))
    return Outgoing(topics.ACCOUNTS, account_id.encode(), accounts.encode(account))
