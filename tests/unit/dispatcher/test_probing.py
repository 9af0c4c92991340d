"""What Meta's answers about an account mean, and what follows for its state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher.core.probing import (
    FIRST_PAUSE,
    REFRESH_FROM,
    Answers,
    Learnt,
    learn,
    pause_after,
    refresh_due,
    state_after,
)
from kaiwa.dispatcher.core.quiet import BUSY, silent_from
from kaiwa.dispatcher.core.state import FOREVER
from kaiwa.meta.answers import Available, Debugged, Lost, Refused, Subscribed
from kaiwa.meta.permissions import NEEDED

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GOOD = Debugged(valid=True, app_id="1001", scopes=NEEDED["facebook"], expires_at=FOREVER, error=None)
DEAD = Debugged(valid=False, app_id="1001", scopes=frozenset(), expires_at=FOREVER, error=(190, 460))
OURS = (Subscribed("1001", frozenset({"messages"})),)
AWAY = Lost("ReadTimeout")


def no(code: int | None, subcode: int | None = None) -> Refused:
    return Refused(code, subcode, None)


@pytest.mark.parametrize(
    ("answers", "learnt"),
    [
        (Answers(GOOD, Available(), OURS), {"valid": True, "eligible": True, "fields": {"messages"}}),
        (Answers(None, Available(), OURS), {"valid": True, "eligible": True, "scopes": None}),
        (Answers(GOOD, AWAY, AWAY), {"valid": True, "eligible": None, "fields": None}),
        (Answers(AWAY, AWAY, OURS), {"valid": None, "fields": {"messages"}}),
        (Answers(DEAD, AWAY, AWAY), {"valid": False, "error": (190, 460), "scopes": None}),
        (Answers(DEAD, no(190), no(190)), {"valid": False, "error": (190, None)}),
        (Answers(None, no(190, 463), AWAY), {"valid": False, "error": (190, 463), "eligible": None}),
        (Answers(GOOD, no(200, 2534041), OURS), {"valid": False, "error": (200, 2534041)}),
        (Answers(None, no(36103), OURS), {"valid": None, "eligible": False, "error": None}),
        (Answers(None, no(613, 2534040), AWAY), {"valid": None, "eligible": None}),
        (Answers(None, Available(), no(190)), {"valid": False, "error": (190, None)}),
        (Answers(None, Available(), no(200)), {"valid": True, "error": None, "fields": None}),
        (Answers(None, Available(), ()), {"fields": set()}),
        (Answers(None, Available(), (Subscribed("2002", frozenset({"x"})),)), {"fields": set()}),
        (Answers(None, Available(), (Subscribed(None, frozenset({"x"})),)), {"fields": {"x"}}),
        (Answers(no(100), Available(), OURS), {"valid": True, "scopes": None, "expires_at": None}),
        (Answers(GOOD, Available(), OURS), {"expires_at": FOREVER, "scopes": NEEDED["facebook"]}),
    ],
)
def test_what_is_learnt(answers: Answers, learnt: dict[str, Any]) -> None:
    """Broken by: an outage that reads as a dead token, or a missing subscription that reads as a lost login."""
    found = learn(answers, "1001")
    assert {name: getattr(found, name) for name in learnt} == learnt


def test_silence_teaches_nothing() -> None:
    assert learn(Answers(AWAY, AWAY, AWAY), "1001").nothing
    assert not learn(Answers(None, AWAY, ()), "1001").nothing


def learnt(**known: Any) -> Learnt:
    nothing: dict[str, Any] = dict.fromkeys(("valid", "error", "eligible", "fields", "scopes", "expires_at"))
    return Learnt(**nothing | known)


@pytest.mark.parametrize(
    ("state", "known", "after"),
    [
        ("active", {"valid": True, "eligible": True}, "active"),
        ("active", {}, "active"),
        ("active", {"valid": False}, "needs_reauth"),
        ("active", {"eligible": False}, "ineligible"),
        ("ineligible", {"valid": False}, "needs_reauth"),
        ("ineligible", {"eligible": True}, "active"),
        ("ineligible", {"valid": True}, "ineligible"),
        ("needs_reauth", {"valid": True, "eligible": True}, "active"),
        ("needs_reauth", {"valid": True}, "needs_reauth"),
        ("needs_reauth", {"valid": True, "eligible": True, "scopes": NEEDED["facebook"]}, "active"),
        (
            "needs_reauth",
            {"valid": True, "eligible": True, "scopes": frozenset({"instagram_basic"})},
            "needs_reauth",
        ),
        ("needs_reauth", {"eligible": False}, "ineligible"),
        ("restricted", {"valid": True, "eligible": True}, "restricted"),
        ("restricted", {"valid": False}, "restricted"),
        ("paused", {"valid": True, "eligible": True}, "paused"),
    ],
)
def test_the_state_that_follows(state: State, known: dict[str, Any], after: State) -> None:
    """Broken by: a probe that frees what the platform restricts or a person paused."""
    assert state_after(state, learnt(**known), "facebook") == after


@pytest.mark.parametrize(
    ("login", "age", "left", "due"),
    [
        ("instagram", DAY, None, True),
        ("instagram", DAY - HOUR, None, False),
        ("instagram", DAY, REFRESH_FROM, True),
        ("instagram", DAY, REFRESH_FROM + HOUR, False),
        ("instagram", 59 * DAY, HOUR, True),
        ("instagram", 60 * DAY, -HOUR, False),
        ("instagram", HOUR, HOUR, False),
        ("facebook", 59 * DAY, HOUR, False),
    ],
)
def test_when_a_token_is_refreshed(login: Any, age: timedelta, left: timedelta | None, due: bool) -> None:
    """Broken by: trying before it is a day old or after its end, which Meta refuses (platform.md 9)."""
    ends = None if left is None else NOW + left
    assert refresh_due(login, NOW - age, ends, NOW) is due


def test_who_does_not_answer_is_asked_ever_less_often() -> None:
    pauses = [pause_after(n, 3 * HOUR) for n in range(10)]
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == pause_after(1000, 3 * HOUR) == 3 * HOUR


@pytest.mark.parametrize(
    ("events", "gap", "after"),
    [
        (BUSY - 1, HOUR, None),
        (BUSY, HOUR, 2 * HOUR),
        (1000, timedelta(0), 2 * HOUR),
        (1000, 9 * HOUR, 18 * HOUR),
    ],
)
def test_silence_is_unusual_beyond_twice_the_longest_gap(
    events: int, gap: timedelta, after: timedelta | None
) -> None:
    """Broken by: calling a shop silent every night, or never."""
    assert silent_from(NOW, events, gap, 2 * HOUR) == (after and NOW + after)
