"""What is certain about who waits: when it may go no more, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import ThreadControl
from kaiwa.dispatcher.core.decide import Refuse, decide, grant_ends
from kaiwa.dispatcher.core.foresight import (
    UNSURE,
    End,
    Prospect,
    ends,
    out_of_reach,
    prospect,
)
from kaiwa.dispatcher.core.state import Account, Conversation, Grant, Intent, Policy

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
MARGIN = 90 * SECOND
POLICY = Policy(window_margin=MARGIN, human_hold=HOUR, lease=30 * SECOND)
SHOP = Account("1784", "active", "Shop", "en", human_agent=True, default_app=True)
PLAIN = replace(SHOP, human_agent=False)
BOT = Intent("automation", due_at=NOW, requested_at=NOW)
PERSON = replace(BOT, author_kind="human")
OPEN = Conversation(window_opened_at=NOW - HOUR, last_customer_at=NOW - HOUR, fresh_at=NOW + SECOND)
COMMENT = Grant(NOW - HOUR)
REPLY = replace(BOT, nature="private_reply", grant=COMMENT)


# ── ends ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CLOSES = (NOW + 23 * HOUR - MARGIN, Reason.WINDOW_CLOSED)
CLOSES_TO_PEOPLE = (NOW + 167 * HOUR - MARGIN, Reason.WINDOW_CLOSED)


@pytest.mark.parametrize(
    ("intent", "conversation", "account", "found"),
    [
        (BOT, OPEN, SHOP, CLOSES),
        (replace(BOT, nature="gesture"), OPEN, SHOP, CLOSES),
        (replace(BOT, expires_at=NOW + HOUR), OPEN, SHOP, (NOW + HOUR, Reason.EXPIRED)),
        (replace(BOT, expires_at=NOW + 30 * HOUR), OPEN, SHOP, CLOSES),
        # a person has the tag for a message, where the account has it
        (PERSON, OPEN, SHOP, CLOSES_TO_PEOPLE),
        (replace(PERSON, nature="gesture"), OPEN, SHOP, CLOSES),
        (PERSON, OPEN, PLAIN, CLOSES),
        (replace(PERSON, expires_at=NOW + HOUR), OPEN, SHOP, (NOW + HOUR, Reason.EXPIRED)),
        # a comment has its own time, whatever is known of the conversation
        (REPLY, Conversation(), SHOP, (NOW + 167 * HOUR - MARGIN, Reason.COMMENT_GRANT_USED)),
        (
            replace(REPLY, author_kind="human"),
            OPEN,
            SHOP,
            (NOW + 167 * HOUR - MARGIN, Reason.COMMENT_GRANT_USED),
        ),
        (replace(REPLY, expires_at=NOW + HOUR), OPEN, SHOP, (NOW + HOUR, Reason.EXPIRED)),
        # what is not known is held against nobody
        (replace(REPLY, grant=None), OPEN, SHOP, None),
        (BOT, replace(OPEN, fresh_at=NOW), SHOP, None),
        (BOT, replace(OPEN, fresh_at=None), SHOP, None),
        (BOT, replace(OPEN, window_opened_at=None), SHOP, None),
        (replace(BOT, nature="control"), OPEN, SHOP, None),
    ],
)
def test_when_a_message_may_go_no_more(
    intent: Intent, conversation: Conversation, account: Account, found: End | None
) -> None:
    assert ends(intent, conversation, account, POLICY) == found


@pytest.mark.parametrize(
    ("grant", "hours"),
    [
        (COMMENT, 167),
        (replace(COMMENT, created_at=NOW - 20 * HOUR), 148),
        (replace(COMMENT, created_at=NOW), 167),
        (replace(COMMENT, created_at=NOW - 20 * HOUR, looked_at=NOW), 148),
        # nobody could read its own time: it may be a day and a half older
        (replace(COMMENT, looked_at=NOW), 131),
    ],
)
def test_how_long_a_comment_may_be_answered(grant: Grant, hours: int) -> None:
    """The decision turns at that moment. Broken by: an end before it, or one that a decision still goes beyond."""
    end = grant_ends(grant, POLICY)
    assert end == NOW + hours * HOUR - MARGIN
    assert_turns(replace(REPLY, grant=grant), end)


def test_a_live_comment_may_be_answered_while_it_is_live() -> None:
    grant = Grant(NOW, live=True)
    assert grant_ends(grant, POLICY) == NOW + 60 * SECOND
    assert_turns(replace(REPLY, grant=grant), NOW + 60 * SECOND)


@pytest.mark.parametrize(
    ("intent", "account", "end"),
    [
        (BOT, SHOP, CLOSES[0]),
        (PERSON, PLAIN, CLOSES[0]),
        (PERSON, SHOP, CLOSES_TO_PEOPLE[0]),
        (replace(BOT, expires_at=NOW + HOUR), SHOP, NOW + HOUR),
    ],
)
def test_an_end_is_where_the_decision_turns(intent: Intent, account: Account, end: datetime) -> None:
    """Foresight and decision are two pieces of code. Broken by: one of them that knows another end."""
    found = ends(intent, OPEN, account, POLICY)
    assert found is not None
    assert found[0] == end
    assert_turns(intent, end, account)


def assert_turns(intent: Intent, end: datetime, account: Account = SHOP) -> None:
    for at, refused in ((end - SECOND, False), (end, True)):
        knows = replace(OPEN, fresh_at=at)
        decided = decide(intent, knows, account, POLICY, at)
        assert isinstance(decided, Refuse) is refused, (at, decided)


# ── what becomes of one ───────────────────────────────────────────────────────────────────────────────────────────

LATER = NOW + 24 * HOUR


@pytest.mark.parametrize(
    ("intent", "conversation", "account", "now", "found"),
    [
        (BOT, OPEN, SHOP, NOW, Prospect(CLOSES, goes=True)),
        # the pause is looked through: it is a matter of turns
        (BOT, OPEN, replace(SHOP, paused_until=NOW + HOUR), NOW, Prospect(CLOSES, goes=True)),
        # over already, for the reason that it has now
        (
            BOT,
            replace(OPEN, fresh_at=LATER),
            SHOP,
            LATER,
            Prospect((CLOSES[0], Reason.WINDOW_CLOSED), goes=False),
        ),
        (
            PERSON,
            replace(OPEN, fresh_at=LATER),
            PLAIN,
            LATER,
            Prospect((CLOSES[0], Reason.HUMAN_AGENT_UNAVAILABLE), goes=False),
        ),
        (
            replace(BOT, expires_at=NOW),
            OPEN,
            SHOP,
            NOW + SECOND,
            Prospect((NOW, Reason.EXPIRED), goes=False),
        ),
        # what else keeps it may pass, or end it for a better reason
        (BOT, replace(OPEN, escalated=True), SHOP, NOW, UNSURE),
        (BOT, OPEN, replace(SHOP, state="needs_reauth"), NOW, UNSURE),
        (BOT, replace(OPEN, fresh_at=NOW - HOUR), SHOP, NOW, UNSURE),
        (BOT, replace(OPEN, erased_before=NOW), SHOP, NOW, UNSURE),
        (BOT, replace(OPEN, window_opened_at=None), SHOP, NOW, UNSURE),
        (replace(REPLY, grant=replace(COMMENT, used=True)), OPEN, SHOP, NOW, UNSURE),
        (
            replace(BOT, nature="control", control=ThreadControl("take")),
            OPEN,
            SHOP,
            NOW,
            Prospect(None, goes=True),
        ),
    ],
)
def test_what_becomes_of_one(
    intent: Intent, conversation: Conversation, account: Account, now: datetime, found: Prospect
) -> None:
    assert prospect(intent, conversation, account, POLICY, now) == found


# ── what is wanted later ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("later", "intent", "conversation", "why"),
    [
        (HOUR, BOT, OPEN, None),
        (23 * HOUR - 91 * SECOND, BOT, OPEN, None),
        (23 * HOUR - 90 * SECOND, BOT, OPEN, Reason.WINDOW_CLOSED),
        (24 * HOUR, replace(BOT, nature="gesture"), OPEN, Reason.WINDOW_CLOSED),
        (100 * HOUR, PERSON, OPEN, None),
        (167 * HOUR, PERSON, OPEN, Reason.WINDOW_CLOSED),
        (24 * HOUR, replace(PERSON, nature="gesture"), OPEN, Reason.WINDOW_CLOSED),
        (2 * HOUR, replace(BOT, expires_at=NOW + 2 * HOUR), OPEN, Reason.EXPIRED),
        (2 * HOUR, replace(BOT, expires_at=NOW + 3 * HOUR), OPEN, None),
        # a private reply obeys its comment's age
        (30 * HOUR, REPLY, OPEN, None),
        (167 * HOUR - 91 * SECOND, REPLY, Conversation(), None),
        (167 * HOUR - 90 * SECOND, REPLY, Conversation(), Reason.COMMENT_GRANT_USED),
        (HOUR, replace(REPLY, grant=Grant(NOW, live=True)), OPEN, Reason.COMMENT_GRANT_USED),
        (200 * HOUR, replace(REPLY, grant=None), OPEN, None),
        # nothing is refused for what may just not have been read yet
        (30 * HOUR, BOT, replace(OPEN, fresh_at=NOW), None),
        (30 * HOUR, BOT, replace(OPEN, window_opened_at=None), None),
        (30 * HOUR, replace(BOT, nature="control"), OPEN, None),
    ],
)
def test_what_is_wanted_later_than_it_may_go(
    later: timedelta, intent: Intent, conversation: Conversation, why: Reason | None
) -> None:
    assert out_of_reach(NOW + later, intent, conversation, SHOP, POLICY) == why


def test_a_person_without_the_feature_has_the_window_of_everybody() -> None:
    assert out_of_reach(NOW + 24 * HOUR, PERSON, OPEN, PLAIN, POLICY) is Reason.WINDOW_CLOSED
