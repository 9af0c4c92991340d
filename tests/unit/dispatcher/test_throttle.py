"""How a full budget slows calls down, and how they come back after a pause."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.dispatcher.core.pace import Limits
from kaiwa.dispatcher.core.throttle import LEAST, RECOVERY, pace

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("percent", "since", "share"),
    [
        (None, None, 1.0),
        (80, None, 1.0),
        (90, None, 0.55),
        (100, None, LEAST),
        (250, None, LEAST),
        (None, 0 * SECOND, LEAST),
        (None, 30 * SECOND, 0.55),
        (None, 60 * SECOND, 1.0),
        (None, -60 * SECOND, LEAST),
        (90, 0 * SECOND, LEAST),
    ],
)
def test_the_share_that_may_be_used(percent: float | None, since: timedelta | None, share: float) -> None:
    assert pace(percent, since) == pytest.approx(share)


@given(percent=st.floats(0, 200), more=st.floats(0, 200), seconds=st.floats(-100, 200))
def test_fuller_is_never_faster(percent: float, more: float, seconds: float) -> None:
    since = timedelta(seconds=seconds)
    assert LEAST - 1e-9 <= pace(percent + more, since) <= pace(percent, since) <= 1
    assert pace(percent, since) <= pace(percent, since + RECOVERY)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
def test_a_slowed_rate_gives_that_much(share: float) -> None:
    whole = Limits(300).rate("text")
    slowed = whole.slowed(share)
    assert slowed.limit == pytest.approx(300 * share)
    assert slowed.interval >= whole.interval
