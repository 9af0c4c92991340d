"""Facts of outcomes: what is counted is right, and nothing in them leads back to a person (operations.md 3)."""

from typing import Any

import msgspec
import pytest

from kaiwa.bus.records import Outgoing
from kaiwa.contracts.analytics import decode_outbound
from kaiwa.contracts.ids import opaque
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part, PlatformError
from kaiwa.dispatcher.facts import Measured, outbound, records

KEY, OTHER_KEY = b"p" * 32, b"q" * 32
CANARY = "canary-7f3a"
MEASURED = Measured("text", 840)


def outcome(**fields: Any) -> Outcome:
    """One that holds a canary wherever a string is free."""
    usual: dict[str, Any] = {
        "id": f"{CANARY}-id",
        "seq": 3,
        "request_id": f"{CANARY}-request",
        "account_id": f"{CANARY}-account",
        "customer_id": f"{CANARY}-customer",
        "state": "sent",
        "evidence": "answer",
        "parts": (Part(1, "sent", f"{CANARY}-mid"), Part(2, "failed")),
        "disclosure": Disclosure("start", "start.v1", "ja", "prefix", f"{CANARY}-mid"),
        "author_kind": "automation",
        "lane": "transactional",
        "attempt": 2,
        "decided_at": "2026-11-18T11:59:59.999Z",
        "window_closes_at": "2026-11-19T07:07:07.000Z",
        "error": PlatformError(10, 2534022, f"{CANARY}-explanation", f"{CANARY}-trace"),
    }
    return Outcome(**(usual | fields))


def record(told: Outcome) -> Outgoing:
    (written,) = records([(told, MEASURED)], KEY)
    return written


def test_no_personal_data_passes() -> None:
    """Broken by an id, a text or a time of anybody's in value, key or headers."""
    written = record(outcome())
    everything = b"".join([written.key, written.value or b"", *(value for _, value in written.headers)])
    assert CANARY.encode() in msgspec.json.encode(outcome())
    assert CANARY.encode() not in everything
    assert b"11:59" not in everything
    assert b"07:07" not in everything


def test_what_is_counted() -> None:
    fact = decode_outbound(record(outcome()).value or b"")
    assert (fact.state, fact.evidence, fact.author_kind, fact.lane) == (
        "sent",
        "answer",
        "automation",
        "transactional",
    )
    assert (fact.message, fact.elapsed_ms, fact.hour) == ("text", 840, "2026-11-18T11:00:00.000Z")
    assert (fact.parts, fact.parts_sent, fact.attempt) == (2, 1, 2)
    assert (fact.disclosure, fact.placement, fact.language) == ("start", "prefix", "ja")
    assert (fact.error_code, fact.error_subcode) == (10, 2534022)


def test_the_same_outcome_has_the_same_id_and_another_key_another_pseudonym() -> None:
    first, second = (dict(record(outcome()).headers)["ce_id"] for _ in range(2))
    assert first == second
    assert dict(record(outcome(id="another")).headers)["ce_id"] != first
    assert (
        outbound(outcome(), MEASURED, KEY).conversation
        != outbound(outcome(), MEASURED, OTHER_KEY).conversation
    )


@pytest.mark.parametrize("field", ["conversation", "account"])
def test_pseudonyms_are_those_of_what_came_in(field: str) -> None:
    """Both topics are joined by them. Broken by another spelling of what is hashed."""

    ids = (f"{CANARY}-account", f"{CANARY}-customer")
    expected = {"conversation": opaque(KEY, "conversation", *ids), "account": opaque(KEY, "account", ids[0])}
    assert getattr(outbound(outcome(), MEASURED, KEY), field) == expected[field]
