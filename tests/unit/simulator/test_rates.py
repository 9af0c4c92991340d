"""The sliding window against its definition, by brute force."""

from hypothesis import given
from hypothesis import strategies as st

from kaiwa.simulator.rates import SlidingWindow, peak

# Quarter seconds: sums are exact, and calls meet the edges of the window often.
TIMES = st.lists(st.integers(0, 40).map(lambda quarter: quarter / 4), max_size=40).map(sorted)


def in_window(times: list[float], at: float, seconds: float = 1.0) -> int:
    return sum(at - seconds < other <= at for other in times)


@given(TIMES, st.integers(1, 5))
def test_a_call_is_admitted_exactly_when_its_second_has_room(times: list[float], limit: int) -> None:
    window = SlidingWindow(limit, 1.0)
    for n, at in enumerate(times):
        assert window.arrive(at) is (in_window(times[: n + 1], at) <= limit)


@given(TIMES)
def test_peak_is_the_most_in_any_second(times: list[float]) -> None:
    assert peak(times) == max((in_window(times, at) for at in times), default=0)


def test_refused_calls_count() -> None:
    """A caller that goes on at twice the limit is not let through every other time."""
    window = SlidingWindow(1, 1.0)
    assert [window.arrive(n / 2) for n in range(6)] == [True, False, False, False, False, False]


def test_a_call_whose_neighbour_was_handled_first_counts_where_it_arrived() -> None:
    window = SlidingWindow(2, 1.0)
    assert [window.arrive(at) for at in (5.0, 6.5, 6.4, 6.45)] == [True, True, True, False]
    assert window.arrive(7.46)  # 6.4 and 6.45 are gone, 6.5 is not
