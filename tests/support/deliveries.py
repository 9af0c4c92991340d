"""Deliveries as Meta writes them: items, entries, bodies."""

from typing import Any

from kaiwa.meta.wire import dump

ACCOUNT = "17841400000000001"
CUSTOMER = "1111000000000001"
SENT_MS = 1_795_000_000_000
SENT = "2026-11-18T11:06:40.000Z"

Json = Any


def incoming(*, customer: str = CUSTOMER, account: str = ACCOUNT, at: Json = SENT_MS, **what: Json) -> Json:
    """An item in which the customer acts: ``incoming(message={…})``."""
    return {"sender": {"id": customer}, "recipient": {"id": account}, "timestamp": at, **what}


def outgoing(*, customer: str = CUSTOMER, account: str = ACCOUNT, at: Json = SENT_MS, **what: Json) -> Json:
    """An item in which the account acts."""
    return {"sender": {"id": account}, "recipient": {"id": customer}, "timestamp": at, **what}


def text(mid: str, words: str = "Do you have three left?", *, customer: str = CUSTOMER, **more: Json) -> Json:
    return incoming(customer=customer, message={"mid": mid, "text": words}, **more)


def entry(
    *items: Json, stream: str = "messaging", account: Json = ACCOUNT, time: Json = SENT_MS + 450
) -> Json:
    return {"id": account, "time": time, stream: list(items)}


def notification(*entries: Json, about: str = "instagram") -> Json:
    return {"object": about, "entry": list(entries)}


def body(*entries: Json) -> bytes:
    return dump(notification(*entries))
