"""What is certain about who waits: nobody is given up who could have gone, nobody kept who cannot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.foresight import ends, hopeless, out_of_reach
from kaiwa.dispatcher.core.pace import Rate
from kaiwa.dispatcher.core.state import Account, Conversation, Intent, Policy

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
POLICY = Policy(window_margin=timedelta(seconds=90), human_hold=HOUR, lease=30 * SECOND)
SHOP = Account("1784", "active", "Shop", "en", human_agent=True, default_app=True)
BOT = Intent("automation", due_at=NOW, requested_at=NOW)
PERSON = replace(BOT, author_kind="human")
OPEN = Conversation(window_opened_at=NOW - HOUR, fresh_at=NOW + SECOND)


def test_who_is_given_up_frees_a_turn() -> None:
    """Ten seconds for everybody, two a second: twenty-one can go (the first at once), the rest cannot."""
    late = hopeless([NOW + 10 * SECOND] * 30, NOW, Rate(2))
    assert [place for place, _ in late] == list(range(21, 30))
    assert {wait for _, wait in late} == {10.5 * SECOND}
    mixed = [NOW + 10 * SECOND] * 30 + [NOW + 11 * SECOND]
    assert 30 not in [place for place, _ in hopeless(mixed, NOW, Rate(2))]


@given(st.lists(st.floats(-5, 60), max_size=40), st.floats(0.5, 50), st.integers(0, 3))
def test_nobody_is_given_up_who_could_go(seconds: list[float], limit: float, burst: int) -> None:
    """Broken by: counting those who were given up among the ones ahead, or a turn later than the limit makes it."""
    deadlines = sorted(NOW + wait * SECOND for wait in seconds)
    rate = Rate(limit, burst=burst)
    given_up = dict(hopeless(deadlines, NOW, rate))
    turn = 0
    for place, deadline in enumerate(deadlines):
        soonest = NOW + max(turn - burst, 0) / limit * SECOND
        assert (place in given_up) == (soonest > deadline)
        turn += place not in given_up


@pytest.mark.parametrize(
    ("intent", "conversation", "found"),
    [
        (BOT, OPEN, (NOW + 23 * HOUR - 90 * SECOND, Reason.WINDOW_CLOSED)),
        (replace(BOT, expires_at=NOW + HOUR), OPEN, (NOW + HOUR, Reason.EXPIRED)),
        (
            replace(BOT, expires_at=NOW + 30 * HOUR),
            OPEN,
            (NOW + 23 * HOUR - 90 * SECOND, Reason.WINDOW_CLOSED),
        ),
        # a tag may come to a person's help, a comment has its own time, and what is not known is not held against it
        (PERSON, OPEN, None),
        (replace(PERSON, expires_at=NOW + HOUR), OPEN, (NOW + HOUR, Reason.EXPIRED)),
        (replace(BOT, nature="private_reply"), OPEN, None),
        (BOT, replace(OPEN, fresh_at=NOW), None),
        (BOT, replace(OPEN, fresh_at=None), None),
        (BOT, replace(OPEN, window_opened_at=None), None),
    ],
)
def test_when_a_message_may_go_no_more(
    intent: Intent, conversation: Conversation, found: tuple[datetime, Reason] | None
) -> None:
    assert ends(intent, conversation, POLICY) == found


@pytest.mark.parametrize(
    ("later", "intent", "conversation", "why"),
    [
        (HOUR, BOT, OPEN, None),
        (23 * HOUR - 91 * SECOND, BOT, OPEN, None),
        (23 * HOUR - 90 * SECOND, BOT, OPEN, Reason.WINDOW_CLOSED),
        (24 * HOUR, replace(BOT, nature="gesture"), OPEN, Reason.WINDOW_CLOSED),
        (100 * HOUR, PERSON, OPEN, None),
        (167 * HOUR, PERSON, OPEN, Reason.WINDOW_CLOSED),
        (24 * HOUR, replace(PERSON, nature="gesture"), OPEN, Reason.WINDOW_CLOSED),
        (2 * HOUR, replace(BOT, expires_at=NOW + 2 * HOUR), OPEN, Reason.EXPIRED),
        (2 * HOUR, replace(BOT, expires_at=NOW + 3 * HOUR), OPEN, None),
        # nothing is refused for what may just not have been read yet
        (30 * HOUR, BOT, replace(OPEN, fresh_at=NOW), None),
        (30 * HOUR, BOT, replace(OPEN, window_opened_at=None), None),
        (30 * HOUR, replace(BOT, nature="private_reply"), OPEN, None),
        (30 * HOUR, replace(BOT, nature="control"), OPEN, None),
    ],
)
def test_what_is_wanted_later_than_it_may_go(
    later: timedelta, intent: Intent, conversation: Conversation, why: Reason | None
) -> None:
    assert out_of_reach(NOW + later, intent, conversation, SHOP, POLICY) == why


def test_a_person_without_the_feature_has_the_window_of_everybody() -> None:
    plain = replace(SHOP, human_agent=False)
    assert out_of_reach(NOW + 24 * HOUR, PERSON, OPEN, plain, POLICY) is Reason.WINDOW_CLOSED
