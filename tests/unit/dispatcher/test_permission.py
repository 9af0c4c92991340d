"""May I write now: the answer before the request is the decision about the request."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import DAY, HOUR, MINUTE, NOON, POLICY, SECOND, account, conversation, intent

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import AuthorKind
from kaiwa.dispatcher.core.decide import Defer, Look, Refuse, Send, decide
from kaiwa.dispatcher.core.permission import Permission, permission
from kaiwa.dispatcher.core.state import FOREVER

MARGIN = POLICY.window_margin
OPENED = NOON - HOUR


@pytest.mark.parametrize(
    ("author", "of", "at", "expected"),
    [
        ("automation", {}, {}, Permission("yes", OPENED + DAY - MARGIN)),
        ("human", {}, {}, Permission("yes", OPENED + DAY - MARGIN)),
        (
            "automation",
            {"disclosed_at": None, "last_automated_at": None},
            {},
            Permission("yes", OPENED + DAY - MARGIN, disclosure="start"),
        ),
        (
            "automation",
            {"window_opened_at": NOON - 2 * DAY},
            {},
            Permission("no", reason=Reason.WINDOW_CLOSED),
        ),
        (
            "human",
            {"window_opened_at": NOON - 2 * DAY},
            {},
            Permission("yes", NOON + 5 * DAY - MARGIN, tag="HUMAN_AGENT"),
        ),
        (
            "human",
            {"window_opened_at": NOON - 2 * DAY},
            {"human_agent": False},
            Permission("no", reason=Reason.HUMAN_AGENT_UNAVAILABLE),
        ),
        (
            "human",
            {"window_opened_at": NOON - DAY},
            {},
            Permission("wait", NOON + MARGIN, Reason.WINDOW_CLOSED),
        ),
        (
            "automation",
            {"human_until": NOON + MINUTE},
            {},
            Permission("wait", NOON + MINUTE, Reason.HUMAN_HANDLING),
        ),
        (
            "automation",
            {"human_until": NOON + MINUTE},
            {"while_human": "refuse"},
            Permission("no", reason=Reason.HUMAN_HANDLING),
        ),
        ("human", {"escalated": True}, {}, Permission("yes", OPENED + DAY - MARGIN)),
        ("human", {"control": "other"}, {"default_app": False}, Permission("no", reason=Reason.NOT_OWNER)),
        ("human", {"window_opened_at": None}, {}, Permission("ask")),
        ("human", {}, {"state": "ineligible"}, Permission("no", reason=Reason.ACCOUNT_PAUSED)),
        ("human", {"erased_before": NOON}, {}, Permission("no", reason=Reason.RECIPIENT_ERASED)),
    ],
)
def test_what_may_be_written(
    author: AuthorKind, of: dict[str, Any], at: dict[str, Any], expected: Permission
) -> None:
    """Broken by: another rule than the sending's, the end of another window, a tag that is not told."""
    assert permission(author, conversation(**of), account(**at), POLICY, NOON) == expected


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize("fresh_at", [None, NOON - 5 * SECOND, NOON - HOUR])
def test_no_refusal_from_old_knowledge(author: AuthorKind, fresh_at: Any) -> None:
    """Promise 4. Broken by: asking as of a moment long ago, at which everything would be known."""
    closed = conversation(window_opened_at=NOON - 8 * DAY, fresh_at=fresh_at)
    found = permission(author, closed, account(), POLICY, NOON)
    assert (found.verdict, found.reason) == ("wait", Reason.STATE_STALE)


ago = st.none() | st.integers(0, 8 * 24 * 60).map(lambda minutes: NOON - timedelta(minutes=minutes))


@given(
    author=st.sampled_from(["human", "automation"]),
    of=st.fixed_dictionaries(
        {
            "window_opened_at": ago,
            "last_customer_at": ago,
            "control": st.sampled_from([None, "ours", "other"]),
            "control_at": ago,
            "human_until": st.sampled_from([None, NOON + MINUTE, FOREVER]),
            "escalated": st.booleans(),
            "suppressed_at": ago,
            "looked_at": ago,
        }
    ),
    at=st.fixed_dictionaries({"human_agent": st.booleans(), "default_app": st.booleans()}),
)
def test_the_answer_is_the_decision(author: AuthorKind, of: dict[str, Any], at: dict[str, Any]) -> None:
    """With everything read, a request of a moment ago meets what the answer said. Broken by: a rule of its own."""
    known, shop = conversation(fresh_at=NOON, **of), account(**at)
    verdicts = {Send: "yes", Defer: "wait", Refuse: "no", Look: "ask"}
    decision = decide(intent(author, requested_at=NOON), known, shop, POLICY, NOON)
    assert permission(author, known, shop, POLICY, NOON).verdict == verdicts[type(decision)]
