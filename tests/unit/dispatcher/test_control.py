"""Who controls a thread, what may be done about it, and when the platform is asked first; by hand from platform.md 6."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from moments import DAY, HOUR, MINUTE, MS, NOON, SECOND, account, conversation, decided

from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import ThreadControl
from kaiwa.dispatcher.core.control import BOUND, standing
from kaiwa.dispatcher.core.decide import Decision, Defer, Look, Refuse, Send

GO = Send()
ASK = Look("owner")
THEIRS = Refuse(Reason.NOT_OWNER)
NOT_HERE = Refuse(Reason.CONTROL_UNAVAILABLE)
OLD = {"control_at": NOON - HOUR}
QUIET = {"last_customer_at": NOON - 2 * DAY, "window_opened_at": NOON - 3 * DAY, "control_at": NOON - 2 * DAY}
TAGGED = Send(tag="HUMAN_AGENT")


@pytest.mark.parametrize(
    ("control", "heard", "until", "routing", "where"),
    [
        ("ours", HOUR, None, None, "ours"),
        ("other", HOUR, None, "routed", "other"),
        ("idle", HOUR, None, "routed", "idle"),
        (None, HOUR, None, None, "unknown"),
        (None, None, None, None, "unknown"),
        ("ours", None, None, None, "ours"),
        # the term: 24 hours after the customer's last message, or longer by an extension
        ("ours", DAY, None, None, "ours"),
        ("ours", DAY + MS, None, None, "idle"),
        ("other", DAY + MS, None, None, "idle"),
        ("ours", 3 * DAY, timedelta(), None, "ours"),
        ("ours", 3 * DAY, -MS, None, "idle"),
        ("other", 3 * DAY, HOUR, None, "other"),
        ("ours", HOUR, -HOUR, None, "ours"),
        # without routing everybody may answer
        ("other", HOUR, None, "open", "ours"),
        ("idle", 9 * DAY, None, "open", "ours"),
    ],
)
def test_standing(
    control: Any, heard: timedelta | None, until: timedelta | None, routing: Any, where: str
) -> None:
    """Breaks when an extension is forgotten, when the term is counted from anything but the customer's message."""
    known = conversation(
        control=control,
        last_customer_at=None if heard is None else NOON - heard,
        control_until=None if until is None else NOON + until,
    )
    assert standing(known, account(routing=routing), NOON) == where


@pytest.mark.parametrize(
    ("of", "at", "expected"),
    [
        # ours: nothing silent can have taken it while the customer's message is young
        ({"control": "ours"} | OLD, {"routing": "routed"}, GO),
        # another app's: it may have released it, which only helps the default app
        ({"control": "other"}, {}, THEIRS),
        ({"control": "other"} | OLD, {}, ASK),
        ({"control": "other"} | OLD, {"default_app": False}, THEIRS),
        ({"control": "other"} | OLD, {"login": "instagram"}, THEIRS),
        ({"control": "other", "control_at": NOON - BOUND}, {}, THEIRS),
        ({"control": "other", "control_at": NOON - BOUND - MS}, {}, ASK),
        ({"control": "other", "owner_asked_at": NOON - BOUND} | OLD, {}, THEIRS),
        ({"control": "other", "control_at": None}, {}, ASK),
        ({"control": "other", "control_at": None, "owner_asked_at": NOON}, {}, THEIRS),
        ({"control": "other"} | OLD, {"routing": "open"}, GO),
        # idle: another app may have taken it silently, where there is another
        (QUIET, {}, TAGGED),
        (QUIET, {"routing": "routed"}, ASK),
        (QUIET | {"owner_asked_at": NOON - SECOND}, {"routing": "routed"}, TAGGED),
        (QUIET, {"default_app": False}, THEIRS),
        (QUIET, {"default_app": False, "routing": "open"}, TAGGED),
        ({"control": "idle"} | OLD, {"routing": "routed"}, ASK),
        ({"control": "idle"} | OLD, {"default_app": False}, THEIRS),
        # nobody knows
        ({"control": None, "control_at": None}, {}, GO),
        ({"control": None, "control_at": None}, {"routing": "routed"}, ASK),
        ({"control": None, "control_at": None}, {"default_app": False}, ASK),
        ({"control": None, "control_at": None, "owner_asked_at": NOON}, {"default_app": False}, THEIRS),
        ({"control": None, "control_at": None}, {"default_app": False, "login": "instagram"}, THEIRS),
        ({"control": None, "control_at": None}, {"default_app": False, "routing": "open"}, GO),
    ],
)
def test_a_message_needs_the_thread(of: dict[str, Any], at: dict[str, Any], expected: Decision) -> None:
    """Promise 4. Breaks when a refusal rests on a word that a silent release may have undone, when an idle thread is
    written to although another app may have taken it, when the platform is asked where it cannot or need not be.
    """
    assert decided("human", of=of, at=at) == expected


def test_a_refusal_still_waits_for_what_is_not_read_yet() -> None:
    stale = Defer(NOON + 250 * MS, Reason.STATE_STALE)
    of = {"control": "other", "fresh_at": NOON - MINUTE}
    assert decided("human", of=of) == stale
    assert acted("release", of) == stale
    assert acted("take", {"fresh_at": NOON - MINUTE}, routing="open") == stale


def acted(action: Any, of: dict[str, Any], **at: Any) -> Decision:
    request = {"nature": "control", "control": ThreadControl(action)}
    return decided("human", of=of, at=at, request=request)


NOBODYS = {"control": "idle"}
OTHERS = {"control": "other"}
UNSURE = {"control": None, "control_at": None}


@pytest.mark.parametrize(
    ("action", "of", "at", "expected"),
    [
        *(
            (action, {}, {"login": "instagram"}, NOT_HERE)
            for action in get_args(ThreadControl.__annotations__["action"])
        ),
        ("take", OTHERS, {}, GO),
        ("take", {}, {"routing": "routed"}, GO),
        ("take", OTHERS, {"routing": "open"}, NOT_HERE),
        ("request", OTHERS, {}, GO),
        ("request", OTHERS, {"routing": "open"}, GO),
        ("request", OTHERS, {"routing": "routed"}, NOT_HERE),
        ("pass", {}, {}, GO),
        ("pass", NOBODYS, {}, GO),
        ("pass", OTHERS, {}, THEIRS),
        ("pass", OTHERS | OLD, {"default_app": False}, ASK),
        ("release", {}, {}, GO),
        ("release", NOBODYS, {}, THEIRS),
        ("release", NOBODYS | OLD, {}, ASK),
        ("release", OTHERS, {}, THEIRS),
        ("release", UNSURE, {}, ASK),
        ("release", UNSURE | {"owner_asked_at": NOON}, {}, GO),
        ("extend", {}, {}, GO),
        ("extend", QUIET, {}, ASK),
        ("extend", QUIET | {"control_at": NOON}, {}, THEIRS),
    ],
)
def test_who_may_do_what(action: str, of: dict[str, Any], at: dict[str, Any], expected: Decision) -> None:
    """Promise 4 for the five calls. Breaks when one is made that the mode does not offer, or that only an owner may."""
    assert acted(action, of, **at) == expected


def test_a_word_about_control_needs_no_window_no_disclosure_and_no_hold() -> None:
    of = {"window_opened_at": None, "escalated": True, "disclosed_at": None, "suppressed_at": NOON}
    request = {"nature": "control", "control": ThreadControl("pass")}
    for author in ("human", "automation"):
        assert decided(author, of=of, request=request) == GO
        assert decided(author, of=of | {"erased_before": NOON}, request=request) == Refuse(
            Reason.RECIPIENT_ERASED
        )
        assert decided(author, at={"state": "ineligible"}, request=request) == Refuse(Reason.ACCOUNT_PAUSED)
