"""The database's clock as seen from here: what a sample may be wrong by decides whether it is believed."""

from datetime import UTC, datetime, timedelta

import pytest

from kaiwa.dispatcher.clock import DatabaseClock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # is 0 on the local clock of these tests


def moment(local: float) -> datetime:
    return EPOCH + timedelta(seconds=local)


def noted(clock: DatabaseClock, at: float, *, trip: float, stamped: float) -> None:
    """A reading that begins at `at` and takes `trip`; the database stamped it after the share `stamped` of that."""
    clock.note(at, moment(at + trip * stamped), at + trip)


def error(clock: DatabaseClock) -> float:
    """How far the clock is from the truth."""
    return abs(clock.local(moment(100.0)) - 100.0)


def test_the_shortest_round_trip_is_believed() -> None:
    """Broken by: believing the newest, or the first."""
    clock = DatabaseClock()
    noted(clock, 0, trip=0.4, stamped=1.0)
    assert error(clock) == pytest.approx(0.2, abs=1e-5)
    noted(clock, 1, trip=0.002, stamped=1.0)
    noted(clock, 2, trip=0.3, stamped=0.0)
    assert error(clock) <= 0.0011


def test_a_lock_that_was_waited_for_does_not_replace_a_good_sample_because_that_is_old() -> None:
    """Broken by: dropping what is known when its time is over, before anything as good has been seen."""
    clock = DatabaseClock()
    noted(clock, 0, trip=0.002, stamped=0.5)
    for second in range(29, 200, 10):
        noted(clock, second, trip=0.002, stamped=0.5)
        noted(clock, second + 9.9, trip=0.3, stamped=1.0)
        assert error(clock) <= 0.001, second


def test_a_drift_is_followed_within_a_minute() -> None:
    """Broken by: keeping the best sample for ever."""
    clock = DatabaseClock()
    noted(clock, 0, trip=0.001, stamped=0.5)
    for second in range(1, 75):
        clock.note(
            second, moment(second + 0.5 + 0.001), second + 0.002
        )  # the database's clock was set by half a second
    assert clock.local(moment(100.5)) == pytest.approx(100, abs=0.002)
