"""The audit's verdicts, each rule on its own, and all of them in any order."""

import msgspec
import pytest
from talks import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    PATIENCE,
    SECOND,
    bot,
    echo,
    flat,
    history,
    horizon,
    person,
    reported,
    said,
    sent,
    verdicts,
)

from kaiwa.compliance.core.audit.facts import Fact, Unsent
from kaiwa.compliance.core.audit.history import MOST, decode, encode
from kaiwa.compliance.core.audit.judge import judge
from kaiwa.compliance.core.audit.memory import settle
from kaiwa.compliance.core.audit.verdicts import PENDING

TALKS: dict[str, tuple[list[Fact | list[Fact]], dict[str, str]]] = {
    "it says so at once": ([said(0), bot("a", 10, disclosed="a")], {"disclosure:a": "delivered"}),
    "it says so in a part of its own": (
        [said(0), bot("d", 10, disclosed="d"), bot("a", 11, disclosed="d")],
        {"disclosure:d": "delivered"},
    ),
    "it never says so": ([said(0), bot("a", 10)], {"disclosure:a": "missing"}),
    "it says so with the next message": (
        [bot("a", 10), bot("b", 5 * MINUTE, disclosed="b")],
        {"disclosure:a": "late", "disclosure:b": "delivered"},
    ),
    "a person needs not say so": ([said(0), person("p", 10)], {}),
    "a person wrote in between": (
        [bot("a", 0, disclosed="a"), person("p", MINUTE), bot("b", 2 * MINUTE)],
        {"disclosure:a": "delivered", "disclosure:b": "missing"},
    ),
    "a person wrote just before, which nobody could know": (
        [bot("a", 0, disclosed="a"), person("p", MINUTE), bot("b", MINUTE + 4 * SECOND)],
        {"disclosure:a": "delivered"},
    ),
    "somebody unknown wrote in between": (
        [bot("a", 0, disclosed="a"), echo("p", MINUTE, app=None), bot("b", 2 * MINUTE)],
        {"disclosure:a": "delivered", "author:p": "typed", "disclosure:b": "missing"},
    ),
    "it was asked": (
        [bot("a", 0, disclosed="a"), said(MINUTE, asks=True), bot("b", MINUTE + 3 * SECOND)],
        {"disclosure:a": "delivered", "disclosure:b": "missing"},
    ),
    "it was asked, and answered": (
        [
            bot("a", 0, disclosed="a"),
            said(MINUTE, asks=True),
            bot("b", 2 * MINUTE, disclosed="b", trigger="asked"),
        ],
        {"disclosure:a": "delivered", "disclosure:b": "delivered"},
    ),
    "a day passed": (
        [bot("a", 0, disclosed="a"), bot("b", DAY + 2 * MINUTE)],
        {"disclosure:a": "delivered", "disclosure:b": "missing"},
    ),
    "a day passed, but not since its last message": (
        [bot("a", 0, disclosed="a"), bot("b", 20 * HOUR), bot("c", 40 * HOUR)],
        {"disclosure:a": "delivered"},
    ),
    "its clock differs a little": (
        [bot("a", 0, disclosed="a"), bot("b", DAY + 30 * SECOND)],
        {"disclosure:a": "delivered"},
    ),
    "no echo shows what it says it said": ([sent("a", 0, disclosed="a")], {"disclosure:a": "failed"}),
    "it disclosed without need": (
        [bot("a", 0, disclosed="a"), bot("b", MINUTE, disclosed="b")],
        {"disclosure:a": "delivered", "disclosure:b": "delivered"},
    ),
    "its words do not say so": (
        [sent("a", 0, disclosed="a"), echo("a", 0, says=False)],
        {"disclosure:a": "unrecognised"},
    ),
    "a picture cannot say so, its part before did": (
        [bot("d", 0, disclosed="d"), sent("a", 1, disclosed="d"), echo("a", 1)],
        {"disclosure:d": "delivered"},
    ),
    "typed on a phone": ([echo("p", 0, app=None)], {"author:p": "typed"}),
    "through another app": ([echo("p", 0, app="other")], {"author:p": "other_app"}),
    "through this app, past the dispatcher": ([echo("p", 0)], {"author:p": "unexplained"}),
    "tagged in its days": ([said(0), person("p", 2 * DAY, tagged=True)], {"tag:p": "proper"}),
    "tagged although the window was open": (
        [said(0), person("p", HOUR, tagged=True)],
        {"tag:p": "inside_window"},
    ),
    "tagged after a week": ([said(0), person("p", 8 * DAY, tagged=True)], {"tag:p": "too_late"}),
    "tagged by a bot": (
        [said(0), sent("a", 2 * DAY, disclosed="a", tagged=True), echo("a", 2 * DAY, says=True)],
        {"tag:a": "by_automation", "disclosure:a": "delivered"},
    ),
}


@pytest.mark.parametrize("name", TALKS)
def test_what_a_conversation_comes_to(name: str) -> None:
    facts, expected = TALKS[name]
    assert verdicts(*facts) == expected


EARLY: dict[str, tuple[list[Fact], int, dict[str, str], dict[str, str]]] = {
    "the outcome may come": ([echo("a", 0)], PATIENCE - 1, {}, {"author:a": "unexplained"}),
    "the echo may come": (
        [sent("a", 0, disclosed="a")],
        PATIENCE - 1,
        {"disclosure:a": PENDING},
        {"disclosure:a": "failed"},
    ),
    "an older outcome may come": (
        bot("a", 0),
        9 * SECOND,
        {"disclosure:a": PENDING},
        {"disclosure:a": "missing"},
    ),
}


@pytest.mark.parametrize("name", EARLY)
def test_nothing_is_missing_before_all_was_read(name: str) -> None:
    """Broken by: a finding from stale knowledge, as a backlog would bring them by the thousand."""
    facts, known, early, late = EARLY[name]
    assert verdicts(*facts, known=known) == early
    assert judge(history(*facts), horizon(known)).look_at is not None
    assert verdicts(*facts, known=known + 2 * SECOND) == late


def test_what_was_said_before_the_audit_began_nobody_knows() -> None:
    assert verdicts(bot("a", HOUR), began=0) == {"disclosure:a": "presumed"}
    assert verdicts(bot("a", 25 * HOUR), began=0) == {"disclosure:a": "missing"}


def test_a_late_outcome_clears_a_finding_and_says_so() -> None:
    """Broken by: findings that are never taken back, or that vanish without a word."""
    kept = history(echo("a", 0))
    assert [verdict.state for verdict in reported(kept)] == ["unexplained"]
    cleared = reported(kept, sent("a", 0, disclosed="a"))
    assert {(verdict.kind, verdict.state) for verdict in cleared} == {
        ("author", "cleared"),
        ("disclosure", "delivered"),
    }
    assert reported(kept, sent("a", 0, disclosed="a"), echo("a", 0)) == []


def test_a_later_word_about_a_request_counts_more() -> None:
    kept = history(sent("a", 0, seq=2), echo("a", 0))
    assert [verdict.state for verdict in reported(kept)] == ["missing"]
    assert [verdict.state for verdict in reported(kept, sent("a", 0, seq=3, disclosed="a"))] == ["delivered"]
    assert reported(kept, sent("a", 0, seq=2)) == []


def test_a_history_survives_its_encoding_and_does_not_grow_for_ever() -> None:
    kept = history([said(n * MINUTE) for n in range(MOST)], bot("a", 0, disclosed="a"))
    assert decode(encode(kept)) == kept
    settle(kept, judge(kept, horizon(HOUR)), horizon(HOUR))
    assert kept.size <= MOST // 2 + 2
    assert kept.before.disclosed == NOON


def test_what_is_unsent_alone_does_not_grow_for_ever_either() -> None:
    """Broken by: a middle of no messages at all, which every record of the conversation would fail at."""
    kept = history(Unsent(f"m{n}", NOON + n * SECOND) for n in range(MOST + 1))
    settle(kept, judge(kept, horizon(HOUR)), horizon(HOUR))
    assert len(kept.unsent) == MOST // 2 + 1
    settle(kept, judge(kept, horizon(3 * DAY)), horizon(3 * DAY))
    assert not kept.size


def test_how_long_something_took_fits_into_its_column() -> None:
    """Broken by: milliseconds of more than 24 days, or an event's clock that is centuries ahead, in an int of four bytes."""
    samples = [judge(history(said(0), person("p", at)), horizon()).samples[0] for at in (DAY, DAY + 1)]
    assert [sample.answered_in for sample in samples] == [DAY, None]
    ahead = history(said(0), person("p", 200 * 365 * DAY, tagged=True))
    assert judge(ahead, horizon()).verdicts["tag:p"].seconds == 2**31 - 1


def test_nothing_derived_from_an_unsent_text_stays() -> None:
    kept = history(echo("a", 0, text="hash"), Unsent("a", NOON + 1))
    assert b"hash" not in encode(kept)
    kept.add(flat([echo("a", 0, text="hash")])[0])
    assert b"hash" not in encode(kept)
    assert b"hash" not in encode(history(Unsent("a", NOON + 1), echo("a", 0, text="hash")))
    assert msgspec.msgpack.decode(encode(kept))
