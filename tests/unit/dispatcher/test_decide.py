"""The decision, rule by rule and in their order (the window has a file of its own); expectations by hand from section 4 of the design."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import DAY, EVENTS, HOUR, MINUTE, MS, NOON, SECOND, decided, due

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import AuthorKind
from kaiwa.dispatcher.core.decide import Decision, Defer, Look, Refuse, Send
from kaiwa.dispatcher.core.disclosure import Due
from kaiwa.dispatcher.core.state import FOREVER


@pytest.mark.parametrize(
    ("control", "idle_for", "default_app", "ours"),
    [
        ("ours", HOUR, True, True),
        ("ours", HOUR, False, True),
        ("other", HOUR, True, False),
        ("other", HOUR, False, False),
        (None, HOUR, True, True),
        (None, HOUR, False, False),
        ("other", DAY, True, False),
        ("other", DAY + MS, True, True),
        ("ours", DAY, False, True),
        ("ours", DAY + MS, False, False),
        ("ours", None, False, True),
        ("other", None, True, False),
    ],
)
def test_control(control: str | None, idle_for: timedelta | None, default_app: bool, ours: bool) -> None:
    """Promise 4: an idle thread is the default app's, whoever had it. Breaks when idleness begins at another moment."""
    last = None if idle_for is None else NOON - idle_for
    of = {"control": control, "last_customer_at": last}
    expected = Send() if ours else Refuse(Reason.NOT_OWNER)
    assert decided("human", of=of, at={"default_app": default_app}) == expected


LATER = Defer(NOON + 5 * MINUTE, Reason.ACCOUNT_PAUSED)


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ({"state": "active"}, Send()),
        ({"state": "paused"}, LATER),
        ({"state": "needs_reauth"}, LATER),
        ({"state": "restricted"}, LATER),
        ({"state": "ineligible"}, Refuse(Reason.ACCOUNT_PAUSED)),
        ({"paused_until": NOON + MS}, Defer(NOON + MS, Reason.PAUSED_BY_PLATFORM)),
        ({"paused_until": NOON}, Send()),
        ({"paused_until": NOON - MS}, Send()),
    ],
)
def test_account(author: AuthorKind, at: dict[str, Any], expected: Decision) -> None:
    assert decided(author, at=at) == expected


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize(
    ("bulk", "until", "expected"),
    [
        (True, MS, Defer(NOON + MS, Reason.ACCOUNT_CROWDED)),
        (True, timedelta(), Send()),
        (True, -MS, Send()),
        (False, MS, Send()),
    ],
)
def test_an_account_near_its_volume_has_room_for_all_but_bulk(
    author: AuthorKind, bulk: bool, until: timedelta, expected: Decision
) -> None:
    assert decided(author, at={"crowded_until": NOON + until}, request={"bulk": bulk}) == expected


@pytest.mark.parametrize(("expires", "expired"), [(-MS, True), (timedelta(), True), (MS, False)])
def test_expiry(expires: timedelta, expired: bool) -> None:
    expected = Refuse(Reason.EXPIRED) if expired else Send()
    assert decided(request={"expires_at": NOON + expires}) == expected


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize(
    ("requested", "refused"), [(-MS, True), (timedelta(), True), (MS, False), (HOUR, False)]
)
def test_erased(author: AuthorKind, requested: timedelta, refused: bool) -> None:
    """Promise 6: what was asked before the erasure does not go. Breaks when the mark is compared the other way."""
    mark = NOON - DAY
    request = {"requested_at": mark + requested}
    expected = Refuse(Reason.RECIPIENT_ERASED) if refused else Send()
    assert decided(author, of={"erased_before": mark}, request=request) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ({"human_until": NOON + MS}, Defer(NOON + MS, Reason.HUMAN_HANDLING)),
        ({"human_until": NOON}, Send()),
        ({"human_until": NOON - MS}, Send()),
        ({"escalated": True}, Defer(NOON + 5 * MINUTE, Reason.HUMAN_HANDLING)),
        (
            {"escalated": True, "human_until": NOON + MS},
            Defer(NOON + 5 * MINUTE, Reason.HUMAN_HANDLING),
        ),
        ({"human_until": FOREVER}, Defer(NOON + 5 * MINUTE, Reason.HUMAN_HANDLING)),
    ],
)
def test_a_person_holds_automation_and_no_person(of: dict[str, Any], expected: Decision) -> None:
    assert decided("automation", of=of) == expected
    assert decided("human", of=of) == Send()
    held = isinstance(expected, Defer)
    refused = Refuse(Reason.HUMAN_HANDLING) if held else Send()
    assert decided("automation", of=of, at={"while_human": "refuse"}) == refused
    stale = Defer(NOON + 250 * MS, Reason.STATE_STALE) if held else Send()
    early = {"due_at": NOON}  # nothing was read since it fell due
    assert decided("automation", of=of, at={"while_human": "refuse"}, request=early) == stale


@pytest.mark.parametrize(
    ("of", "locale", "owed"),
    [
        ({}, "de_AT", None),
        ({"disclosed_at": None}, "de_AT", due("start", "de")),
        ({"asked_at": NOON}, "ja", due("asked", "ja")),
        ({"last_human_at": NOON}, "xx", due("after_human", "en")),
        ({"disclosed_at": NOON - DAY, "last_automated_at": NOON - DAY}, "en", due("lapse", "en")),
    ],
)
def test_automation_carries_what_it_owes_and_a_person_owes_nothing(
    of: dict[str, Any], locale: str, owed: Due | None
) -> None:
    """Promise 7. Breaks when a due disclosure is dropped from the decision."""
    assert decided("automation", of=of, at={"locale": locale}) == Send(disclosure=owed)
    assert decided("human", of=of, at={"locale": locale}) == Send()


RULES: list[tuple[str, dict[str, Any], Decision]] = [
    ("request", {"expires_at": NOON}, Refuse(Reason.EXPIRED)),
    ("at", {"state": "paused"}, LATER),
    ("at", {"crowded_until": NOON + MS}, Defer(NOON + MS, Reason.ACCOUNT_CROWDED)),
    ("of", {"erased_before": NOON}, Refuse(Reason.RECIPIENT_ERASED)),
    ("of", {"suppressed_at": NOON}, Refuse(Reason.RECIPIENT_UNAVAILABLE)),
    ("of", {"control": "other"}, Refuse(Reason.NOT_OWNER)),
    ("of", {"window_opened_at": None}, Look()),
    ("of", {"escalated": True}, Defer(NOON + 5 * MINUTE, Reason.HUMAN_HANDLING)),
    ("of", {"disclosed_at": None}, Send(disclosure=due("start", "en"))),
]


@pytest.mark.parametrize("first", range(len(RULES)))
def test_the_first_rule_that_objects_decides(first: int) -> None:
    """Breaks when two rules of the design's order change places: every later rule objects, too."""
    fields: dict[str, dict[str, Any]] = {"request": {"bulk": True}, "at": {}, "of": {}}
    for where, field, _ in RULES[first:]:
        fields[where] |= field
    assert decided(of=fields["of"], at=fields["at"], request=fields["request"]) == RULES[first][2]


moments = st.none() | st.integers(-9 * 86_400, 3600).map(lambda s: NOON + s * SECOND)


@given(
    author=st.sampled_from(["human", "automation"]),
    of=st.fixed_dictionaries(
        {
            "window_opened_at": moments,
            "last_customer_at": moments,
            "control": st.sampled_from(["ours", "other", None]),
            "human_until": moments,
            "escalated": st.booleans(),
            "last_human_at": moments,
            "last_automated_at": moments,
            "disclosed_at": moments,
            "asked_at": moments,
            "erased_before": moments,
            "fresh_at": moments,
            "events_applied": st.none() | st.integers(EVENTS - 1, EVENTS + 1),
        }
    ),
    at=st.fixed_dictionaries({"human_agent": st.booleans(), "default_app": st.booleans()}),
)
def test_whatever_is_known_nothing_forbidden_goes(
    author: AuthorKind, of: dict[str, Any], at: dict[str, Any]
) -> None:
    """Promise 4 as an oracle of its own. Breaks when any objection is left out or asked after a send."""
    decision = decided(author, of=of, at=at)
    if isinstance(decision, Defer):
        assert decision.until > NOON
    if not isinstance(decision, Send):
        return
    age = NOON - of["window_opened_at"]  # a send without any opening event would raise here
    if decision.tag:
        assert author == "human"
        assert at["human_agent"]
        assert timedelta(days=1, seconds=90) <= age < timedelta(days=7, seconds=-90)
    else:
        assert age < timedelta(days=1, seconds=-90)
    if author == "automation":
        assert NOON - of["fresh_at"] < timedelta(seconds=5)
        assert of["fresh_at"] > NOON - SECOND or (of["events_applied"] or 0) >= EVENTS
        assert not of["escalated"]
        assert of["human_until"] is None or of["human_until"] <= NOON
        assert decision.disclosure or of["disclosed_at"]
    else:
        assert decision.disclosure is None


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize(
    ("heard", "suppressed"), [(None, True), (-HOUR, True), (timedelta(), True), (MS, False), (HOUR, False)]
)
def test_who_cannot_be_reached_is_left_alone_until_they_write(
    author: AuthorKind, heard: timedelta | None, suppressed: bool
) -> None:
    """Promise 4. Breaks when a suppression outlives the customer's next message, or an older one lifts it."""
    since = NOON - 2 * HOUR
    last = None if heard is None else since + heard
    of = {"suppressed_at": since, "last_customer_at": last}
    assert decided(author, of=of) == (Refuse(Reason.RECIPIENT_UNAVAILABLE) if suppressed else Send())
    if suppressed:
        stale = of | {"fresh_at": NOON - SECOND}
        assert decided(author, of=stale) == Defer(NOON + 250 * MS, Reason.STATE_STALE)
