"""Private replies and gestures: what takes the window's place, and what is no message at all."""

from datetime import timedelta
from typing import Any

import pytest
from moments import DAY, HOUR, MS, NOON, SECOND, decided, due

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import AuthorKind
from kaiwa.dispatcher.core.decide import Decision, Defer, Look, Refuse, Send
from kaiwa.dispatcher.core.state import Grant

SILENT: dict[str, Any] = {
    "window_opened_at": None, "last_customer_at": None, "control": None, "disclosed_at": None,
    "last_automated_at": None,
}  # fmt: skip
USED = Refuse(Reason.COMMENT_GRANT_USED)
CLOSED = Refuse(Reason.WINDOW_CLOSED)


def answered(author: AuthorKind, grant: Grant | None, **of: Any) -> Decision:
    """The decision about a private reply to somebody who never wrote."""
    return decided(author, of=SILENT | of, request={"nature": "private_reply", "grant": grant})


@pytest.mark.parametrize(
    ("age", "live", "open_"),
    [
        (timedelta(), False, True),
        (5 * DAY, False, True),
        (5.5 * DAY - 90 * SECOND - MS, False, True),
        (5.5 * DAY - 90 * SECOND, False, None),
        (7 * DAY - 90 * SECOND - MS, False, None),
        (7 * DAY - 90 * SECOND, False, False),
        (7 * DAY, False, False),
        (60 * SECOND - MS, True, True),
        (60 * SECOND, True, False),
    ],
)
def test_how_long_a_comment_may_be_answered(age: timedelta, live: bool, open_: bool | None) -> None:
    """Promise 4: seven days from the comment's making, which may be 36 hours before its first delivery; where that
    matters its own time is read. Breaks when GRANT counts from the delivery, when a live comment gets days or is read,
    when ``>=`` becomes ``>``.
    """
    expected = Look("comment") if open_ is None else Send() if open_ else USED
    assert answered("human", Grant(NOON - age, live=live)) == expected


@pytest.mark.parametrize(
    ("seen", "made", "open_"),
    [
        (6 * DAY, 6 * DAY, True),
        (6 * DAY, 7 * DAY - 90 * SECOND - MS, True),
        (6 * DAY, 7 * DAY - 90 * SECOND, False),
        (5 * DAY, 8 * DAY, False),  # read once, its own time holds at any age
        (6 * DAY, 5 * DAY, True),
        (7 * DAY, 6 * DAY, False),  # its making cannot be after its delivery
        (6 * DAY, None, False),  # looked for, and unreadable
    ],
)
def test_a_comments_own_time_decides_once_it_was_read(
    seen: timedelta, made: timedelta | None, open_: bool
) -> None:
    """Breaks when the delivery outlives the comment's own time, or what could not be read counts as young."""
    created = None if made is None else NOON - made
    grant = Grant(NOON - seen, created_at=created, looked_at=NOON)
    assert answered("human", grant) == (Send() if open_ else USED)


def test_one_private_reply_and_only_to_a_comment_that_was_seen() -> None:
    """Breaks when a used grant counts as open, or an unknown comment as one. What is not read yet is waited for."""
    assert answered("human", Grant(NOON, used=True)) == USED
    assert answered("human", None) == USED
    stale = Defer(NOON + 250 * MS, Reason.STATE_STALE)
    assert answered("human", None, fresh_at=NOON - 2 * SECOND) == stale


def test_automation_discloses_itself_in_a_private_reply_and_obeys_every_other_rule() -> None:
    """Promise 7. Breaks when a private reply leaves ``decide`` before the rules for automation."""
    grant = Grant(NOON - HOUR)
    assert answered("automation", grant) == Send(disclosure=due("start", "en"))
    held = answered("automation", grant, human_until=NOON + HOUR)
    assert held == Defer(NOON + HOUR, Reason.HUMAN_HANDLING)
    assert answered("automation", grant, erased_before=NOON) == Refuse(Reason.RECIPIENT_ERASED)
    assert answered("human", grant, control="other") == Refuse(Reason.NOT_OWNER)


@pytest.mark.parametrize("author", ["human", "automation"])
@pytest.mark.parametrize(
    ("age", "open_"), [(HOUR, True), (DAY - 91 * SECOND, True), (DAY - 90 * SECOND, False), (2 * DAY, False)]
)
def test_a_gesture_takes_no_tag_and_needs_no_disclosure(
    author: AuthorKind, age: timedelta, open_: bool
) -> None:
    """Promise 4: a tag would be refused by the platform. Breaks when a human's reaction beyond 24 hours is tagged, or
    waits for the margin's far side, or when automation's typing is held up by a disclosure.
    """
    opened = {"window_opened_at": NOON - age, "last_customer_at": NOON - age, "disclosed_at": None}
    assert decided(author, of=opened, request={"nature": "gesture"}) == (Send() if open_ else CLOSED)


def test_automation_makes_no_gestures_while_a_person_writes() -> None:
    held = decided("automation", of={"human_until": NOON + HOUR}, request={"nature": "gesture"})
    assert held == Defer(NOON + HOUR, Reason.HUMAN_HANDLING)
