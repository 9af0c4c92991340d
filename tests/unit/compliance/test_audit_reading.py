"""What the audit reads out of records, and what it makes of persons: tables."""

from datetime import UTC, datetime

import msgspec
import pytest
from direct_questions import QUESTIONS

from kaiwa.compliance.core.audit import facts
from kaiwa.compliance.core.audit.facts import Talk
from kaiwa.compliance.core.audit.judge import HOUR_MS
from kaiwa.compliance.core.audit.people import IDENTICAL, INSTANT, RATE, Written, suspicions
from kaiwa.compliance.core.audit.questions import asks, says_automatic
from kaiwa.contracts import events, topics
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part
from kaiwa.contracts.outcomes import encode as encode_outcome
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.core.questions import asks as dispatcher_hears
from kaiwa.dispatcher.core.wordings import WORDINGS, Wording

KEY = b"k" * 32
AT = rfc3339(datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_the_dispatcher_takes_for_a_question_the_audit_does_too(question: str) -> None:
    """The two share no line: where one is blind the other is not."""
    assert dispatcher_hears(question)
    assert asks(question)
    assert asks(f"Hallo! {question.upper()}? 🤖")


@pytest.mark.parametrize("wording", WORDINGS.values())
def test_every_shipped_disclosure_is_recognised(wording: Wording) -> None:
    assert says_automatic(wording.text)
    assert not says_automatic("Hello, Kim here. Yes, we have it in blue.")


def event(kind: Kind, data: object, **fields: object) -> bytes:
    given = {
        "id": "e1",
        "kind": kind,
        "app_id": "1001",
        "account_id": "a",
        "customer_id": "c",
        "occurred_at": AT,
        "time_source": "event",
        "received_at": AT,
        "stream": "messaging",
        "data": data,
        **fields,
    }
    return msgspec.json.encode(given)


def outcome(**fields: object) -> bytes:
    given = {
        "id": "o1",
        "seq": 2,
        "request_id": "r",
        "account_id": "a",
        "customer_id": "c",
        "state": "sent",
        "author_kind": "automation",
        "lane": "bulk",
        "decided_at": AT,
        "parts": (Part(1, "sent", "m1"), Part(2, "sent", None), Part(3, "failed", "m3")),
        "disclosure": Disclosure("start", "assistant.v1", "de", "own", "m1"),
        **fields,
    }
    return encode_outcome(msgspec.convert(given, Outcome))


def test_only_hashes_of_what_was_said_and_to_whom() -> None:
    """Broken by: a mid, an id or a text that is kept as it is."""
    value = event(Kind.MESSAGE_ECHOED, {"mid": "m-canary", "text": "canary text", "app_id": "1001"})
    read = facts.read(topics.EVENTS, value, KEY)
    assert read is not None
    talk, found = read
    assert talk == Talk("a", "c")
    stored = msgspec.msgpack.encode(found) + talk.hash(KEY).encode()
    assert b"canary" not in stored


def test_parts_without_a_mid_and_parts_that_failed_say_nothing() -> None:
    read = facts.read(topics.OUTCOMES, outcome(), KEY)
    assert read is not None
    assert len(read[1]) == 1
    assert facts.read(topics.OUTCOMES, outcome(parts=(), disclosure=None), KEY) is None


NOTHING = {
    "a comment": (topics.EVENTS, event(Kind.COMMENT_RECEIVED, {"comment_id": "1"})),
    "of no customer": (topics.EVENTS, event(Kind.MESSAGE_RECEIVED, {"mid": "m"}, customer_id=None)),
    "without a time of its own": (
        topics.EVENTS,
        event(Kind.MESSAGE_RECEIVED, {"mid": "m"}, time_source="delivery"),
    ),
    "an echo of another shape": (topics.EVENTS, event(Kind.MESSAGE_ECHOED, {"mid": 7})),
    "no event": (topics.EVENTS, b"junk"),
    "an event without end": (topics.EVENTS, b'{"x":' + b"[" * 100_000),
    "no outcome": (topics.OUTCOMES, b"{}"),
    "a time that is none": (topics.EVENTS, event(Kind.MESSAGE_RECEIVED, {"mid": "m"}, occurred_at="noon")),
    "another topic": (topics.ACCOUNTS, event(Kind.MESSAGE_RECEIVED, {"mid": "m"})),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_says_nothing_about_a_conversation(name: str) -> None:
    assert facts.read(*NOTHING[name], KEY) is None


def test_an_event_reads_as_ingest_writes_it() -> None:
    value = event(Kind.MESSAGE_RECEIVED, {"mid": "m", "text": "are you a bot?"})
    assert isinstance(events.decode(value), Event)
    read = facts.read(topics.EVENTS, value, KEY)
    assert read is not None
    assert read[1][0].asks  # type: ignore[union-attr]  # it is a Said


# ── persons ───────────────────────────────────────────────────────────────────────────────────────────────────────


def written(count: int, *, every: int, text: str = "", answered: int | None = None) -> list[Written]:
    return [Written(f"m{n}", 5 * HOUR_MS + n * every, f"c{n}", text, answered) for n in range(count)]


PERSONS = {
    "a busy room": (written(RATE - 1, every=1_000), []),
    "more than a room full of persons": (written(RATE, every=1_000), ["rate"]),
    "as many, over an hour": (written(RATE, every=60_000), []),
    "one answer to many": (written(IDENTICAL - 1, every=60_000, text="same"), []),
    "one answer to everybody": (written(IDENTICAL, every=60_000, text="same"), ["identical"]),
    "answers in no time": (written(INSTANT, every=60_000, answered=900), ["instant"]),
    "quick answers": (written(INSTANT, every=60_000, answered=9_000), []),
}


@pytest.mark.parametrize("name", PERSONS)
def test_persons_who_might_be_none(name: str) -> None:
    """Broken by: flags that depend on the order, or that repeat within the hour."""
    those, expected = PERSONS[name]
    assert [verdict.state for verdict in suspicions("account", reversed(those))] == expected
    assert len({verdict.subject for verdict in suspicions("account", those)}) == len(expected)
