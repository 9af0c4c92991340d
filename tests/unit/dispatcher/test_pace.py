"""Slots: never more than the limit in any sliding second, also when each call leaves a little late."""

from bisect import bisect_left
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import MS, NOON, SECOND

from kaiwa.dispatcher.core.pace import HORIZON, HOUR, LATE, BucketClass, Lead, Limits, Rate, Slot, slots

EVERY_TEN = Rate(103)


def most_in_a_second(calls: list[datetime]) -> int:
    """The most calls in any second that begins with one of them; its end belongs to the next."""
    calls = sorted(calls)
    return max((bisect_left(calls, at + SECOND) - n for n, at in enumerate(calls)), default=0)


wanted = st.one_of(st.just(1), st.integers(0, 120))
takes = st.lists(st.tuples(st.integers(0, 400), wanted, st.integers(0, 300)), min_size=1, max_size=60)


@given(limit=st.integers(1, 300), rounds=takes, late=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_no_sliding_second_holds_more_than_the_limit(
    limit: int, rounds: list[tuple[int, int, int]], late: list[float]
) -> None:
    """Promise 5: takes of any size at any growing times, by processes as slow as they like, each call as late as it
    may be. Breaks when `slack` is 0 (300 and late calls), when a burst is added, when the bucket starts again at
    ``now`` before its time, when ``tat`` is the last slot, when the time of those that share a slot is not counted as used.
    """
    rate = Limits(limit).rate("text")
    now, tat, given_out = NOON, None, list[Slot]()
    for pause, wanted, ready in rounds:
        now += pause * MS
        found, tat = slots(tat, now, rate, wanted, ready=ready * MS)
        assert len(found) <= wanted
        assert all(now <= slot.at <= now + ready * MS + HORIZON for slot in found)
        given_out += found
    moments = [slot.at for slot in given_out]
    assert moments == sorted(moments)
    assert most_in_a_second(moments) <= limit
    assert most_in_a_second([slot.until for slot in given_out]) <= limit
    calls = [slot.at + late[n % len(late)] * (slot.until - slot.at) for n, slot in enumerate(given_out)]
    assert most_in_a_second(calls) <= limit


@pytest.mark.parametrize("ready", [10, 60, 300])
@pytest.mark.parametrize("limit", [*range(1, 301)])
def test_a_few_that_share_a_slot_crowd_no_second(limit: int, ready: int) -> None:
    """Promise 5: as many as may share one, all at its first or all at its last moment, between calls that leave as
    soon as they may. Breaks when they may leave sooner than the last of them could have, or when the bucket does not
    count the time that they have, or not all of them.
    """
    rate = Limits(limit).rate("text")
    several = 1 + ready * MS // rate.interval
    before = [NOON - n * rate.interval for n in range(1, limit + 2)]
    shared, tat = slots(NOON, NOON, rate, several, ready=ready * MS)
    assert len(set(shared)) == 1
    after, _ = slots(tat, shared[0].until, rate, limit + 1, horizon=3 * SECOND)
    for moment in shared[0]:
        calls = [*before, *[moment] * several, *(slot.at for slot in after)]
        assert most_in_a_second(calls) <= limit


@pytest.mark.parametrize("limit", [*range(1, 301)])
def test_the_worst_lateness_at_every_limit(limit: int) -> None:
    """Promise 5: all slots of three seconds, the first one as late as may be and the rest on time. Breaks when `late`
    grows beyond what `slack` gives.
    """
    rate = Limits(limit).rate("text")
    every = [NOON + n * rate.interval for n in range(3 * limit + 1)]
    for first in range(min(limit, 3)):
        assert most_in_a_second([*every[:first], every[first] + rate.late, *every[first + 1 :]]) <= limit


@pytest.mark.parametrize("limit", [1, 9, 30, 300, 750, 3000])
def test_the_worst_lateness_of_private_replies(limit: int) -> None:
    """The same of an hour: slots minutes apart have seconds. Breaks when a call that a busy machine holds back for a moment
    forfeits one.
    """
    rate = Limits(1, private_replies_per_hour=limit).rate("private_reply")
    found, _ = slots(None, NOON, rate, 3 * limit, horizon=3 * HOUR)
    assert all(slot.until - slot.at == rate.late >= SECOND for slot in found)
    for first in range(rate.burst, min(len(found), rate.burst + 3)):
        calls = sorted(
            [*(slot.at for slot in found[:first]), found[first].until, *(s.at for s in found[first + 1 :])]
        )
        assert all(bisect_left(calls, at + HOUR) - n <= limit for n, at in enumerate(calls))


@pytest.mark.parametrize(("limit", "share"), [(1, 0.9), (3, 0.9), (10, 0.9), (100, 0.96), (300, 0.96)])
def test_a_busy_account_gets_nearly_its_limit(limit: int, share: float) -> None:
    """Breaks when slots are wasted between takes: a full queue drawn every 125 ms for a minute."""
    rate = Limits(limit).rate("text")
    tat, count = None, 0
    for n in range(8 * 60):
        found, tat = slots(tat, NOON + n * 125 * MS, rate, 1000)
        count += len(found)
    assert count >= 60 * limit * share


@pytest.mark.parametrize(
    ("tat", "wanted", "given_out"),
    [
        (None, 0, []),
        (None, 1, [0]),
        (None, 3, [0, 10, 20]),
        (-1000, 2, [0, 10]),
        (-1, 1, [0]),
        (0, 1, [0]),
        (35, 2, [35, 45]),
        (245, 3, [245]),
        (250, 3, [250]),
        (251, 3, []),
        (None, 1000, list(range(0, 251, 10))),
    ],
)
def test_slots(tat: int | None, wanted: int, given_out: list[int]) -> None:
    """Milliseconds from now, an interval of 10 ms, the horizon at 250 ms."""
    found, after = slots(None if tat is None else NOON + tat * MS, NOON, EVERY_TEN, wanted)
    assert after == (found[-1].at + 10 * MS if found else None if tat is None else NOON + tat * MS)
    assert found == [Slot(NOON + at * MS, NOON + at * MS + LATE) for at in given_out]


@pytest.mark.parametrize(
    ("tat", "wanted", "first", "until", "after"),
    [
        (None, 1, 0, 40, 50),
        (0, 1, 0, 40, 50),
        (1, 1, 20, 30, 30),  # somebody was here a moment ago
        (35, 1, 35, 45, 45),
        (None, 2, 10, 50, 70),
        (None, 3, 20, 60, 90),
        (None, 4, 20, 30, 60),  # too many for one
    ],
)
def test_a_few_calls_have_time(tat: int | None, wanted: int, first: int, until: int, after: int) -> None:
    """As above, by a process that takes 20 ms to be ready: the first slot, and the bucket's new time."""
    moment = None if tat is None else NOON + tat * MS
    found, new = slots(moment, NOON, EVERY_TEN, wanted, ready=20 * MS)
    assert (found[0], new) == (Slot(NOON + first * MS, NOON + until * MS), NOON + after * MS)


@pytest.mark.parametrize(
    ("limits", "bucket", "microseconds"),
    [
        (Limits(300), "text", 3433),
        (Limits(100), "text", 10300),
        (Limits(300), "media", 110000),
        (Limits(300, media_per_second=1), "media", 1100000),
        (Limits(300), "live_reply", 10300),
        (Limits(300), "conversations", 550000),
        (Limits(300), "private_reply", 5342222),  # 675 an hour, and 75 at once if need be
        (Limits(300, private_replies_per_hour=9), "private_reply", 400666667),
    ],
)
def test_interval(limits: Limits, bucket: BucketClass, microseconds: int) -> None:
    """A second and its slack by the limit, by hand: 30 ms for hundreds, 100 ms for a few."""
    assert limits.rate(bucket).interval == timedelta(microseconds=microseconds)


@given(
    limit=st.integers(1, 750),
    pauses=st.lists(st.integers(0, 900), min_size=1, max_size=80),
    wanted=st.integers(1, 800),
    ready=st.integers(0, 500),
)
def test_no_sliding_hour_holds_more_private_replies_than_the_limit(
    limit: int, pauses: list[int], wanted: int, ready: int
) -> None:
    """Promise 5, with a burst. Breaks when the burst is not taken off the rate, or ``tat`` forgets what was given."""
    rate = Limits(1, private_replies_per_hour=limit).rate("private_reply")
    now, tat, given_out = NOON, None, list[Slot]()
    for pause in pauses:
        now += pause * SECOND
        found, tat = slots(tat, now, rate, wanted, ready=ready * MS)
        given_out += found
    for moments in ([slot.at for slot in given_out], [slot.until for slot in given_out]):
        calls = sorted(moments)
        assert all(bisect_left(calls, at + HOUR) - n <= limit for n, at in enumerate(calls))


def test_the_first_private_replies_do_not_wait() -> None:
    found, _ = slots(None, NOON, Limits(1).rate("private_reply"), 100)
    assert [slot.at for slot in found] == [NOON] * 76


def test_a_lead_that_nobody_needs_is_forgotten() -> None:
    """Broken by: one slow moment that has everything committed to at once, so that nothing is marked and corrects it."""
    lead = Lead()
    lead.note(10)
    slow = lead.seconds
    for _ in range(500):
        lead.unused()
    assert lead.seconds < slow / 50
