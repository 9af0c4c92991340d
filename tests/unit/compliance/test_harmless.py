"""Analytics holds no personal data: what may be there passes, and what an id or a text looks like does not."""

import json

import pytest
from happenings import ACCOUNT, message

from kaiwa.compliance.core.harmless import objection
from kaiwa.contracts import cloudevents
from kaiwa.ingest.facts import record

KEY = b"k" * 32
MID = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAw"


def test_what_ingest_writes_passes() -> None:
    fact = record(message("m", "Do you have it in blue?", customer="1111000000000001"), KEY)
    assert objection(fact.key, fact.value, fact.headers) is None


@pytest.mark.parametrize(
    "value", [ACCOUNT, int(ACCOUNT), MID, "in blue?", "https://a.example/b", ["x y"]], ids=str
)
def test_an_id_and_a_text_do_not(value: object) -> None:
    """Broken by: letting numbers pass whatever their length; looking at the top level alone."""
    assert objection(b"A" * 26, json.dumps({"kind": "a", "inner": {"deep": value}}).encode(), ()) is not None


def test_nor_in_key_and_headers() -> None:
    assert objection(ACCOUNT.encode(), b"{}", ()) is not None
    named = cloudevents.headers(
        event_id="A" * 26, kind="x", account_id=ACCOUNT, time="2026-11-22T10:00:00.000Z"
    )
    assert objection(b"A" * 26, b"{}", named) is not None


@pytest.mark.parametrize("value", [b"", b"[]", b"\xff", b"7"], ids=str)
def test_what_is_no_fact_is_an_objection(value: bytes) -> None:
    assert objection(b"A" * 26, value, ()) is not None


def test_a_tombstone_says_nothing() -> None:
    assert objection(b"A" * 26, None, ()) is None
