"""Turns of a lane: nobody is given up who could have gone, nobody kept who cannot."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.foresight import (
    Prospect,
    Turns,
    Waiting,
    hopeless,
    turns,
)
from kaiwa.dispatcher.core.pace import Limits, Rate, slots

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
LANE = Turns(NOW, NOW, SECOND / 2)


def waiting(ahead: int, seconds: float | None, *, goes: bool = True, counts: bool = True) -> Waiting:
    end = None if seconds is None else (NOW + seconds * SECOND, Reason.EXPIRED)
    return Waiting(ahead, Prospect(end, goes=goes), counts)


# ── turns ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lane", "ahead", "turn"),
    [
        (turns(1, Rate(2), NOW), 0, 0),
        (turns(1, Rate(2), NOW), 40, 22),  # half a second each, and a tenth of slack
        # what a bucket has given already comes first, what it has left of a burst at once
        (turns(1, Rate(2), NOW, tat=NOW + 60 * SECOND), 0, 60),
        (turns(1, Rate(2), NOW, tat=NOW - HOUR), 0, 0),
        (turns(1, Limits(300).rate("private_reply"), NOW), 75, 0),
        (turns(1, Limits(300).rate("private_reply"), NOW), 76, 3606 / 675),
        (turns(1, Limits(300).rate("private_reply"), NOW, tat=NOW + HOUR), 0, 3600 - 75 * 3606 / 675),
        # a pause is the soonest for everybody, and the pace begins with its end
        (turns(1, Rate(2), NOW, paused_until=NOW + HOUR), 0, 3600),
        (turns(1, Rate(2), NOW, paused_until=NOW + HOUR), 2, 3600 + 1.1),
        (turns(1, Rate(2), NOW, paused_until=NOW - HOUR), 0, 0),
        # people may take over what automation has claimed, nobody else
        (turns(0, Rate(2), NOW, tat=NOW + 60 * SECOND, yielding=3), 2, 0),
        (turns(0, Rate(2), NOW, tat=NOW + 60 * SECOND, yielding=3), 3, 60),
        (turns(1, Rate(2), NOW, tat=NOW + 60 * SECOND, yielding=3), 2, 60 + 1.1),
    ],
)
def test_when_it_is_a_turn_at_the_soonest(lane: Turns, ahead: int, turn: float) -> None:
    assert lane.at(ahead) - NOW == pytest.approx(turn * SECOND, abs=timedelta(milliseconds=1))


@given(
    st.sampled_from([Rate(2), Rate(300), Limits(300).rate("private_reply"), Rate(10, burst=3)]),
    st.sampled_from([1.0, 0.5, 0.1]),
    st.floats(-100, 5000),
    st.integers(1, 120),
    st.floats(0.004, 0.5),
)
def test_no_bucket_gives_a_slot_before_the_turn(
    rate: Rate, share: float, tat: float, wanted: int, ready: float
) -> None:
    """Broken by: a turn counted without the burst, with a slowed rate's, or after a slot that several share."""
    given_out, _ = slots(
        NOW + tat * SECOND, NOW, rate.slowed(share), wanted, ready=ready * SECOND, horizon=48 * HOUR
    )
    lane = turns(1, rate, NOW, tat=NOW + tat * SECOND)
    assert len(given_out) == wanted
    last = given_out[-1].at
    assert lane.at(wanted - 1) <= last + timedelta(microseconds=wanted)


# ── who is given up ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_given_up_frees_a_turn() -> None:
    """Ten seconds for everybody, two a second: twenty-one can go (the first at once), the rest cannot."""
    late = hopeless([waiting(n, 10) for n in range(30)], LANE)
    assert list(late) == list(range(21, 30))
    assert set(late.values()) == {NOW + 10.5 * SECOND}
    assert 30 not in hopeless([waiting(n, 10) for n in range(30)] + [waiting(30, 11)], LANE)


def test_who_may_not_go_frees_a_turn() -> None:
    """Broken by: counting those whom something else keeps, when the ones behind them may go in time."""
    assert hopeless([waiting(0, None, goes=False), waiting(1, 0.4)], LANE) == {}
    assert list(hopeless([waiting(0, None), waiting(1, 0.4)], LANE)) == [1]


def test_who_counts_for_nobody_frees_nothing() -> None:
    """Broken by: freeing the turn of one who was never among the ones ahead."""
    for one in (waiting(1, -1, counts=False), waiting(1, None, goes=False, counts=False)):
        assert 1 in hopeless([one, waiting(1, 0.4)], LANE)


@given(st.lists(st.floats(-5, 60), max_size=40), st.floats(0.5, 50))
def test_nobody_is_given_up_who_could_go(seconds: list[float], limit: float) -> None:
    """Broken by: counting those who were given up among the ones ahead, or a turn later than the limit makes it."""
    lane = turns(1, Rate(limit), NOW)
    given_up = hopeless([waiting(n, wait) for n, wait in enumerate(sorted(seconds))], lane)
    turn = 0
    for place, wait in enumerate(sorted(seconds)):
        assert (place in given_up) == (lane.at(turn) > NOW + wait * SECOND)
        turn += place not in given_up
