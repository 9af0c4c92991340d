"""What each answer means for the message: the transport's ends, every row of the table, and special ones by hand."""

from datetime import timedelta

import pytest

from kaiwa.contracts.accounts import State
from kaiwa.contracts.outcomes import PlatformError
from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.classify import (
    Again,
    Failed,
    InDoubt,
    Lesson,
    Scope,
    Sent,
    Verdict,
    backoff,
    classify,
)
from kaiwa.meta.answers import Accepted, Answer, Lost, NotSent, Refused
from kaiwa.meta.errors import TABLE, Action, explain
from kaiwa.meta.usage import Usage

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Accepted("m1", "1111"), Sent("m1", "1111")),
        (Accepted(None, "1111"), Sent(None, "1111")),
        (Lost("ReadTimeout"), InDoubt()),
        (Lost("HTTP 502"), InDoubt()),
        (NotSent("ConnectError"), Again(timedelta(seconds=2), Reason.UNREACHABLE)),
    ],
)
def test_ends_of_a_call(answer: Answer, verdict: Verdict) -> None:
    """Promise 3: only what certainly did not leave comes again. Breaks when Lost becomes Again."""
    assert classify(answer) == verdict


def error(code: int | None, subcode: int | None) -> PlatformError:
    row = explain(code, subcode)
    return PlatformError(code, subcode, row.explanation, "trace")


def refused(code: int | None, subcode: int | None = None, *, passing: bool = False) -> Refused:
    return Refused(code, subcode, "trace", passing=passing)


def in_doubt(code: int, subcode: int | None = None, *, retry: bool = False) -> InDoubt:
    return InDoubt(error(code, subcode), retry=retry)


def final(code: int | None, subcode: int | None = None, lesson: Lesson | None = None) -> Failed:
    return Failed(error(code, subcode), lesson=lesson)


def paused(code: int, subcode: int | None = None, scope: Scope = "account") -> Again:
    return Again(MINUTE, Reason.PAUSED_BY_PLATFORM, pause=scope, error=error(code, subcode))


def second_try(code: int, subcode: int) -> Again:
    return Again(10 * MINUTE / 60, Reason.PLATFORM, error=error(code, subcode), once=True)


def held(state: State, code: int, subcode: int | None = None) -> Again:
    return Again(MINUTE, Reason.ACCOUNT_PAUSED, account_state=state, error=error(code, subcode))


@pytest.mark.parametrize(
    ("code", "subcode", "verdict"),
    [
        (1, None, in_doubt(1, retry=True)),
        (1, 1357046, in_doubt(1, 1357046)),
        (2, None, in_doubt(2, retry=True)),
        (2, 4711, in_doubt(2, 4711)),
        (2, 1545133, in_doubt(2, 1545133)),
        (10, 2534022, final(10, 2534022, "closed")),
        (100, 2018008, second_try(100, 2018008)),
        (100, 2018294, second_try(100, 2018294)),
        (32, None, paused(32, None, "app")),
        (341, None, paused(341, None, "app")),
        (17, None, paused(17)),
        (10, None, held("needs_reauth", 10)),
        (190, None, held("needs_reauth", 190)),
        (190, 463, held("needs_reauth", 190, 463)),
        (230, None, final(230)),
        (210, None, held("needs_reauth", 210)),
        (368, None, held("restricted", 368)),
        (100, 2534029, held("restricted", 100, 2534029)),
        (100, 2534037, final(100, 2534037, "not_owner")),
        (551, None, final(551, lesson="away")),
        (551, 1545041, final(551, 1545041, "away")),
        (10, 2018108, final(10, 2018108, "away")),
        (10, 1893015, final(10, 1893015, "away")),
        (100, 2018001, final(100, 2018001, "away")),
        (100, 2534014, final(100, 2534014, "away")),
        (27, None, final(27, lesson="no_routing")),
        (200, 1545041, final(200, 1545041)),
        (10, 1893063, held("restricted", 10, 1893063)),
        (4, 1349210, paused(4, 1349210, "app")),
        (613, None, paused(613)),
        (613, 2534040, paused(613, 2534040)),
        (613, 1893016, final(613, 1893016)),
        (80002, None, paused(80002)),
        (80009, None, paused(80009)),
        (36103, None, Failed(error(36103, None), account_state="ineligible")),
        (2018300, None, final(2018300, lesson="not_owner")),
        (2018321, None, Again(2 * MINUTE, Reason.NOT_OWNER, error=error(2018321, None))),
        (4711, None, final(4711)),
        (None, None, final(None)),
    ],
)
def test_errors_by_hand(code: int | None, subcode: int | None, verdict: Verdict) -> None:
    """Promise 3. Breaks when 1 or 2 is tried again, when a throttle does not pause the account, when one busy thread
    does.
    """
    assert classify(refused(code, subcode)) == verdict


@pytest.mark.parametrize("code", [None, 4711])
def test_an_unlisted_error_with_a_server_failure_may_have_been_sent(code: int | None) -> None:
    """Promise 3 (platform.md 4.5, last line). Breaks when the HTTP status is not looked at."""
    verdict = classify(refused(code, passing=True))
    assert isinstance(verdict, InDoubt)
    assert verdict.error is not None
    assert verdict.error.code == code


def test_a_listed_error_means_the_same_with_any_status() -> None:
    assert classify(refused(10, 2534022, passing=True)) == final(10, 2534022, "closed")


def test_the_announced_time_is_kept() -> None:
    """Promise 5: what the platform throttles is obeyed. Breaks when the pause is our own default."""
    throttled = Refused(613, None, None, Usage(regain=19 * MINUTE))
    verdict = classify(throttled)
    assert isinstance(verdict, Again)
    assert (verdict.after, verdict.pause) == (19 * MINUTE, "account")


def test_abuse_of_tags_stops_them() -> None:
    verdict = classify(refused(613, 2018338))
    assert isinstance(verdict, Again)
    assert (verdict.pause, verdict.tags_abused) == ("account", True)
    assert not any(v.tags_abused for v in map(classify, (refused(613), refused(4))) if isinstance(v, Again))


def test_every_further_try_waits_twice_as_long() -> None:
    assert [backoff(n) for n in range(3)] == [timedelta(seconds=s) for s in (5, 10, 20)]


LANDS = {
    Action.UNKNOWN: InDoubt,
    Action.RETRY: InDoubt,
    Action.ONCE: Again,
    Action.DROP: Failed,
    Action.FIX: Failed,
    Action.INELIGIBLE: Failed,
    Action.WAIT: Again,
    Action.PAUSE: Again,
    Action.PAUSE_APP: Again,
    Action.REAUTH: Again,
    Action.RESTRICTED: Again,
}


@pytest.mark.parametrize(("code", "subcode"), TABLE)
def test_every_row_lands(code: int, subcode: int | None) -> None:
    """Breaks when an action has no verdict, or an error loses Meta's numbers."""
    verdict = classify(refused(code, subcode))
    assert type(verdict) is LANDS[TABLE[code, subcode].action]
    assert isinstance(verdict, InDoubt | Failed | Again)
    assert verdict.error == error(code, subcode)


def test_every_action_is_listed_here() -> None:
    assert set(LANDS) == set(Action)


@pytest.mark.parametrize(
    ("lesson", "reason"),
    [
        (None, Reason.PLATFORM),
        ("away", Reason.RECIPIENT_UNAVAILABLE),
        ("not_owner", Reason.NOT_OWNER),
        ("closed", Reason.WINDOW_CLOSED),
    ],
)
def test_what_a_refusal_teaches_is_its_reason(lesson: Lesson | None, reason: Reason) -> None:
    assert final(551, lesson=lesson).reason is reason
