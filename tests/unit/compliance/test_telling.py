"""What analytics is told: pseudonyms and words of ours, under an id that a repetition keeps."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kaiwa.compliance.core.telling import fact_id, of_erasure, of_verdict
from kaiwa.contracts.analytics import encode

KEY, OTHER = b"k" * 32, b"o" * 32
NOON = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)


def erasure(**fields: Any) -> dict[str, Any]:
    given = {
        "fact": "erasure.verified",
        "erasure_id": "E1",
        "verdict": None,
        "at": NOON,
        "scope": "message",
        "reason": "unsent",
        "account_id": "canary-account",
        "customer_id": "canary-customer",
        "received_at": NOON - timedelta(seconds=90),
    }
    return {**given, **fields}


VERDICT = {
    "fact": "audit.disclosure.late",
    "erasure_id": None,
    "at": NOON,
    "verdict": {
        "verdict_id": "V1",
        "conversation": "C" * 26,
        "account": "A" * 26,
        "trigger": "start",
        "seconds": 7,
    },
}


def test_an_erasure_without_its_ids() -> None:
    """Broken by: an id, a moment, or the erasure's own id in the record."""
    told = encode(of_erasure(erasure(), KEY)).decode()
    assert "canary" not in told
    assert "E1" not in told
    fact = of_erasure(erasure(), KEY)
    assert (fact.hour, fact.seconds, fact.scope) == ("2026-11-22T12:00:00.000Z", 90, "message")
    assert fact.conversation != of_erasure(erasure(), OTHER).conversation
    closed = of_erasure(erasure(account_id=None, customer_id=None), KEY)
    assert (closed.conversation, closed.account) == (None, None)
    whole = of_erasure(erasure(customer_id=None, scope="account"), KEY)
    assert whole.conversation is None
    assert whole.account is not None


def test_a_verdict_as_it_was_noted() -> None:
    fact = of_verdict(VERDICT)
    assert (fact.trigger, fact.seconds, fact.conversation, fact.scope) == ("start", 7, "C" * 26, None)


def test_the_id_is_the_same_for_the_same_step_alone() -> None:
    """Broken by: an id of the publishing, not of what is published: sinks could not dedupe."""
    assert fact_id(erasure(), KEY) == fact_id(erasure(account_id=None), KEY)
    ids = {
        fact_id(row, KEY)
        for row in (
            erasure(),
            erasure(fact="erasure.found"),
            erasure(at=NOON + timedelta(seconds=1)),
            erasure(erasure_id="E2"),
            VERDICT,
        )
    }
    assert len(ids) == 5
