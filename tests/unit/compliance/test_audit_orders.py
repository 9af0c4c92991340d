"""The audit's verdicts do not depend on the order of what it reads, on its batches, nor on what it has folded away."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from talks import (
    HOUR,
    NOON,
    echo,
    history,
    horizon,
    reported,
    said,
    sent,
)

from kaiwa.compliance.core.audit.facts import Fact, Unsent
from kaiwa.compliance.core.audit.history import History
from kaiwa.compliance.core.audit.judge import judge
from kaiwa.compliance.core.audit.memory import settle

MIDS = st.sampled_from("abcdef")
TIMES = st.integers(0, 30).map(lambda step: step * 2 * HOUR)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(said, TIMES, asks=st.booleans()),
    st.builds(
        echo, MIDS, TIMES, app=st.sampled_from(["own", "other", None]), text=st.sampled_from(["", "x", "y"])
    ),
    st.builds(
        sent,
        MIDS,
        TIMES,
        human=st.booleans(),
        tagged=st.booleans(),
        disclosed=st.none() | MIDS,
        seq=st.integers(1, 40),
    ),
    st.builds(lambda mid, at: Unsent(mid, NOON + at), MIDS, TIMES),
)


def _one_word_each(facts: list[Fact]) -> list[Fact]:
    """Of one request there is one outcome of each number, and of an event one time: what the topics promise."""
    words: dict[object, Fact] = {}
    for fact in facts:
        seq = getattr(fact, "seq", None)
        words.setdefault((type(fact), fact.mid, seq), fact)
    return list(words.values())


@settings(max_examples=60)
@given(st.lists(FACTS, max_size=10).map(_one_word_each), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(facts: list[Fact], chance: random.Random) -> None:
    """Broken by: folding facts into running state, where what comes late finds a state that has moved on."""
    expected = judge(history(facts), horizon())
    shuffled = facts + chance.choices(facts, k=len(facts)) if facts else facts
    chance.shuffle(shuffled)
    assert judge(history(shuffled), horizon()).verdicts == expected.verdicts


@settings(max_examples=60)
@given(st.lists(FACTS, max_size=10).map(_one_word_each), st.integers(1, 4))
def test_judging_on_the_way_comes_to_the_same_end(facts: list[Fact], step: int) -> None:
    """Broken by: a verdict that depends on which records came in one batch."""
    kept = History()
    for start in range(0, len(facts), step):
        reported(kept, facts[start : start + step])
    told = {key: state for key, state in kept.verdicts.items() if state != "cleared"}
    assert told == {key: verdict.state for key, verdict in judge(kept, horizon()).verdicts.items()}


@settings(max_examples=60)
@given(st.lists(FACTS, max_size=10).map(_one_word_each), st.integers(0, 60 * HOUR))
def test_what_is_folded_away_stands_for_what_it_was(facts: list[Fact], cut: int) -> None:
    """Messages after a cut are judged as if everything before it were still there.

    Broken by: forgetting that somebody asked, or that a person wrote, with the message that showed it.
    """
    kept, whole = history(facts), history(facts)
    before = judge(whole, horizon())
    settle(kept, judge(kept, horizon(cut + 48 * HOUR)), horizon(cut + 48 * HOUR))
    after = judge(kept, horizon())
    late = {"late", "missing", "failed"}  # who is waiting for a disclosure is forgotten with the cut
    for key, verdict in after.verdicts.items():
        expected = before.verdicts[key]
        assert verdict.state == expected.state or {verdict.state, expected.state} <= late or "presumed" in key
