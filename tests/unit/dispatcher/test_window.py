"""The window and how fresh knowledge must be, to the millisecond; by hand from section 4 of the design."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from moments import DAY, EVENTS, HOUR, MINUTE, MS, NOON, SECOND, conversation, decided

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import AuthorKind
from kaiwa.dispatcher.core.decide import Defer, Look, Refuse, Send, closes_at

TAGGED = Send(tag="HUMAN_AGENT")
CLOSED = Refuse(Reason.WINDOW_CLOSED)
NO_FEATURE = Refuse(Reason.HUMAN_AGENT_UNAVAILABLE)
MARGIN = timedelta(seconds=90)


def waits(opened: datetime) -> Defer:
    """For the far side of the margin."""
    return Defer(opened + DAY + MARGIN, Reason.WINDOW_CLOSED)


@pytest.mark.parametrize(
    ("age", "human", "human_without_feature", "automation"),
    [
        (timedelta(), Send(), Send(), Send()),
        (DAY - MARGIN - MS, Send(), Send(), Send()),
        (DAY - MARGIN, "waits", CLOSED, CLOSED),
        (DAY - MARGIN + MS, "waits", CLOSED, CLOSED),
        (DAY - MS, "waits", CLOSED, CLOSED),
        (DAY, "waits", CLOSED, CLOSED),
        (DAY + MARGIN - MS, "waits", CLOSED, CLOSED),
        (DAY + MARGIN, TAGGED, NO_FEATURE, CLOSED),
        (3 * DAY, TAGGED, NO_FEATURE, CLOSED),
        (7 * DAY - MARGIN - MS, TAGGED, NO_FEATURE, CLOSED),
        (7 * DAY - MARGIN, CLOSED, CLOSED, CLOSED),
        (7 * DAY, CLOSED, CLOSED, CLOSED),
        (30 * DAY, CLOSED, CLOSED, CLOSED),
    ],
)
def test_window(age: timedelta, human: Any, human_without_feature: Any, automation: Any) -> None:
    """Promise 4. Breaks when ``<`` becomes ``<=`` at either side of the margin, when WINDOW or HUMAN_AGENT_WINDOW is
    another number, when the tag goes on automation's message or on one without the feature.
    """
    opened = NOON - age
    of = {"window_opened_at": opened, "last_customer_at": opened}
    assert decided("human", of=of) == (waits(opened) if human == "waits" else human)
    assert decided("human", of=of, at={"human_agent": False}) == human_without_feature
    assert decided("automation", of=of) == automation


def test_no_opening_event_seen_is_closed() -> None:
    """Promise 4, unknown is closed, once the thread was asked. Breaks when an unknown window counts as open, or is
    refused before anybody looked.
    """
    of = {"window_opened_at": None, "last_customer_at": None, "control": None}
    for author in ("human", "automation"):
        assert decided(author, of=of) == Look()
        assert decided(author, of=of | {"looked_at": NOON}) == CLOSED
        vain = of | {"look_failures": 5}
        assert decided(author, of=vain | {"looked_at": NOON}) == CLOSED
        assert decided(author, of=vain | {"looked_at": NOON - HOUR}) == Look(), (
            "nobody could for an earlier request"
        )
    assert closes_at(conversation(**of).window_opened_at) is None
    assert closes_at(conversation().window_opened_at) == NOON + 23 * HOUR


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"of": {"window_opened_at": NOON - 8 * DAY}}, Reason.WINDOW_CLOSED),
        ({"of": {"window_opened_at": None, "looked_at": NOON}}, Reason.WINDOW_CLOSED),
        ({"of": {"window_opened_at": NOON - DAY}, "at": {"human_agent": False}}, Reason.WINDOW_CLOSED),
        ({"of": {"control": "other"}}, Reason.NOT_OWNER),
        ({"of": {"last_customer_at": NOON - 2 * DAY}, "at": {"default_app": False}}, Reason.NOT_OWNER),
    ],
)
@pytest.mark.parametrize(
    ("fresh", "known"), [(None, False), (-2 * SECOND, False), (-SECOND, False), (-SECOND + MS, True)]
)
def test_no_refusal_from_stale_knowledge(
    author: AuthorKind, facts: dict[str, Any], refusal: Reason, fresh: timedelta | None, known: bool
) -> None:
    """Promise 4, second half: the request fell due a second ago. Breaks when a rule refuses without asking
    ``_refuse_when_known``, or when knowledge as old as the request is enough.
    """
    of = facts["of"] | {"fresh_at": None if fresh is None else NOON + fresh}
    stale = Defer(NOON + 250 * MS, Reason.STATE_STALE)
    assert decided(author, of=of, at=facts.get("at")) == (Refuse(refusal) if known else stale)


def test_no_feature_is_no_refusal_from_stale_knowledge_either() -> None:
    of = {"window_opened_at": NOON - 2 * DAY, "fresh_at": NOON - MINUTE}
    assert decided("human", of=of, at={"human_agent": False}) == Defer(NOON + 250 * MS, Reason.STATE_STALE)


@pytest.mark.parametrize(
    ("age", "goes"),
    [(timedelta(), True), (5 * SECOND - MS, True), (5 * SECOND, False), (HOUR, False), (None, False)],
)
def test_automation_needs_fresh_knowledge_and_humans_do_not(age: timedelta | None, goes: bool) -> None:
    """Promise 4: younger than five seconds. Breaks when the bound moves, or when a human waits for freshness."""
    of = {"fresh_at": None if age is None else NOON - age}
    assert decided("human", of=of) == Send()
    assert decided("automation", of=of) == (Send() if goes else Defer(NOON + 250 * MS, Reason.STATE_STALE))


@pytest.mark.parametrize(
    ("end", "applied", "by_offset"),
    [
        (EVENTS, EVENTS, True),
        (EVENTS, EVENTS + 1, True),
        (EVENTS, EVENTS - 1, False),
        (EVENTS, None, False),
        (None, EVENTS, False),
        (0, 0, True),
    ],
)
@pytest.mark.parametrize(("fresh", "by_time"), [(-2 * SECOND, False), (-SECOND, False), (-SECOND + MS, True)])
def test_automation_knows_what_was_in_kafka_before_it(
    *, end: int | None, applied: int | None, by_offset: bool, fresh: timedelta, by_time: bool
) -> None:
    """Promise 7: the customer asks whether this is a bot, and the bot answers sooner than the question is applied. Breaks
    when knowledge as old as five seconds is enough, when an offset that nobody knows counts as reached, or when a
    request whose offset is never reached (the topic was made anew) does not go by time.
    """
    request = {"events_end": end}
    of = {"events_applied": applied, "fresh_at": NOON + fresh}
    stale = Defer(NOON + 250 * MS, Reason.STATE_STALE)
    assert decided("automation", of=of, request=request) == (Send() if by_offset or by_time else stale)
    assert decided("human", of=of, request=request) == Send()


def test_what_was_known_before_it_does_not_stay_enough() -> None:
    """A message that waited for its turn. Breaks when an offset that was reached once makes knowledge fresh for ever."""
    of = {"fresh_at": NOON - 5 * SECOND, "events_applied": EVENTS}
    assert decided("automation", of=of) == Defer(NOON + 250 * MS, Reason.STATE_STALE)
