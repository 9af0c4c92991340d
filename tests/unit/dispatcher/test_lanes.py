"""Lanes and turns: people first, nobody starves, no account is passed over."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.dispatcher.core.lanes import FLOORS, HUMAN, QUANTUM, Ring, share

counts = st.dictionaries(st.integers(0, 2), st.integers(0, 100), max_size=3)


@given(
    slots=st.integers(0, 100),
    waiting=counts,
    credit=st.dictionaries(st.sampled_from([1, 2]), st.floats(0, 3)),
)
def test_every_slot_goes_to_somebody_who_waits(
    slots: int, waiting: dict[int, int], credit: dict[int, float]
) -> None:
    shares, owed = share(slots, waiting, credit)
    assert sum(shares.values()) == min(slots, sum(waiting.values()))
    assert all(0 < shares[rank] <= waiting[rank] for rank in shares)
    assert all(debt >= 0 for debt in owed.values())


@given(rounds=st.lists(st.integers(0, 20), min_size=1, max_size=200), rank=st.sampled_from(sorted(FLOORS)))
def test_a_lane_with_a_floor_never_starves(rounds: list[int], rank: int) -> None:
    """However the slots come, and with people's messages without end. Breaks when credit is lost between rounds."""
    credit: dict[int, float] = {}
    got = 0
    for slots in rounds:
        shares, credit = share(slots, {HUMAN: 1000, rank: 1000}, credit)
        got += shares.get(rank, 0)
    assert got >= FLOORS[rank] * sum(rounds) - 1
    assert got <= FLOORS[rank] * sum(rounds) + 1e-6


@pytest.mark.parametrize(
    ("slots", "waiting", "shares"),
    [
        (10, {HUMAN: 3, 1: 4, 2: 9}, {HUMAN: 3, 1: 4, 2: 3}),
        (2, {HUMAN: 3, 1: 4, 2: 9}, {HUMAN: 2}),
        (10, {HUMAN: 99, 1: 99}, {HUMAN: 8, 1: 2}),
        (100, {HUMAN: 99, 1: 99, 2: 99}, {HUMAN: 75, 1: 20, 2: 5}),
        (10, {2: 3}, {2: 3}),
        (0, {HUMAN: 1}, {}),
        (3, {}, {}),
    ],
)
def test_people_first_then_what_is_transactional(
    slots: int, waiting: dict[int, int], shares: dict[int, int]
) -> None:
    assert share(slots, waiting, {})[0] == shares


@given(
    accounts=st.integers(1, 12),
    rooms=st.lists(st.integers(1, 30), min_size=1, max_size=60),
)
def test_accounts_that_all_have_enough_get_the_same(accounts: int, rooms: list[int]) -> None:
    """Whatever the room of each round. Breaks when a turn that was cut short begins anew, or is lost."""
    ring: Ring[int] = Ring()
    for name in range(accounts):
        ring.add(name)
    got: Counter[int] = Counter()
    for room in rooms:
        dealt = ring.deal(room, lambda _: 1000)
        assert sum(dealt.values()) == room
        got.update(dealt)
    assert max(got.values()) - min(got[name] for name in range(accounts)) <= QUANTUM


def test_one_message_of_another_account_waits_for_one_turn_only() -> None:
    """Behind an account with a hundred thousand."""
    ring: Ring[str] = Ring()
    ring.add("flood")
    ring.deal(64, lambda _: 100_000)
    ring.add("other")
    assert ring.deal(2 * QUANTUM, {"flood": 100_000, "other": 1}.__getitem__)["other"] == 1


def test_who_wants_nothing_leaves_the_ring_and_may_come_back() -> None:
    ring: Ring[str] = Ring()
    ring.add("a")
    assert ring.deal(5, lambda _: 0) == {}
    assert len(ring) == 0
    ring.add("a")
    ring.add("a")
    assert ring.deal(5, lambda _: 3) == {"a": 3}
