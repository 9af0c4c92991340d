"""The demo's checks: a story that went well passes all of them, and each broken promise is found by its own."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from demo_evidence import (
    CUSTOMER,
    HELLO,
    LEFT,
    NOW,
    SECRET,
    asked,
    books,
    called,
    ended,
    evidence,
    happened,
    written,
)

from kaiwa.contracts.events import Kind
from kaiwa.devstack.demo import delivery, privacy
from kaiwa.devstack.demo.check import Check
from kaiwa.devstack.demo.checks import CHECKS, judge
from kaiwa.devstack.demo.evidence import Evidence, Written
from kaiwa.devstack.demo.story import DAY
from kaiwa.simulator.callbacks import Answered
from kaiwa.simulator.errors import Rule


def theirs(found: Written) -> Written:
    """The same, of the account whose owner asked to be forgotten."""
    return replace(found, event=msgspec.structs.replace(found.event, account_id=LEFT))


ANSWER = f"{HELLO}\n\nYes"


def test_a_story_that_went_well_passes() -> None:
    assert [(check.promise, check.faults) for check in judge(evidence()) if not check.ok] == []


def test_an_old_message_is_rightly_refused() -> None:
    closed = ended("late", "refused", reason="window_closed")
    old = books(calls=[])
    for event in old.events:
        event.at = NOW - DAY
    outcome = {"late": closed}
    found = evidence(books=old, outcomes=outcome, requests={"late": asked("late", "Yes")})
    assert delivery.nothing_forbidden(found).ok


BROKEN: list[tuple[str, Callable[[Evidence], Check], Evidence]] = [
    ("an act failed", delivery.told, evidence(unfinished=["a window closes: not within 30 s"])),
    ("a request has no end", delivery.told, evidence(outcomes={"bot": ended("bot", "accepted")})),
    ("a service crashed", delivery.told, evidence(exits={"ingest": 1})),
    ("an event is missing", delivery.nothing_lost, evidence(written=[])),
    (
        "an unsend itself is missing",
        delivery.nothing_lost,
        evidence(
            written=[
                written(0, Kind.MESSAGE_RECEIVED, {"mid": "m1"}),
                written(2, Kind.REACTION_ADDED, {"mid": "m1"}),
            ]
        ),
    ),
    (
        "a webhook is still owed",
        delivery.nothing_lost,
        evidence(books=books(happened(9, mid="m9", acknowledged_at=None))),
    ),
    (
        "another partition",
        delivery.one_partition_in_order,
        evidence(
            written=[
                written(0, Kind.MESSAGE_RECEIVED, {"mid": "m1"}, partition=0),
                written(1, Kind.MESSAGE_RECEIVED, {"mid": "m1"}, partition=1),
            ]
        ),
    ),
    (
        "a delivery out of order",
        delivery.one_partition_in_order,
        evidence(
            written=[
                written(0, Kind.REACTION_ADDED, {"mid": "m1"}),
                written(1, Kind.MESSAGE_RECEIVED, {"mid": "m1"}),
            ]
        ),
    ),
    (
        "posted twice, the first without an answer",
        delivery.at_most_once,
        evidence(books=books(called(3, "Kim here", outcome="broken", mid=None))),
    ),
    ("sent, and no outcome", delivery.at_most_once, evidence(books=books(called(3, "More", mid="sent-3")))),
    (
        "an outcome, and nothing sent",
        delivery.at_most_once,
        evidence(books=books(calls=[called(2, "Kim here")])),
    ),
    (
        "two outcomes for one message",
        delivery.at_most_once,
        evidence(
            outcomes={
                "bot": ended("bot", "sent", "sent-1"),
                "agent": ended("agent", "sent", "sent-1", "sent-2"),
            }
        ),
    ),
    (
        "a call outside the window",
        delivery.nothing_forbidden,
        evidence(books=books(called(3, "Late", outcome="refused", rule=Rule.WINDOW))),
    ),
    (
        "a bot with a human's tag",
        delivery.nothing_forbidden,
        evidence(books=books(calls=[called(1, ANSWER, tag="HUMAN_AGENT"), called(2, "Kim here")])),
    ),
    (
        "refused in an open window",
        delivery.nothing_forbidden,
        evidence(outcomes={"bot": ended("bot", "refused", reason="window_closed")}),
    ),
    (
        "too many in a second",
        delivery.within_limits,
        evidence(books=books(calls=[called(n, f"{n}", arrived=n / 1000) for n in range(301)])),
    ),
    ("a text remains", privacy.deleted, evidence(remains=frozenset(["table dispatcher.contents"]))),
    ("a scanner that never saw a text", privacy.deleted, evidence(proven=frozenset())),
    ("an erasure is open", privacy.deleted, evidence(erasures={"E1": "open"})),
    ("an unsend opened no erasure", privacy.deleted, evidence(erasures={})),
    ("a request to delete is open", privacy.forgotten, evidence(deletions={"CODE": "queued"})),
    ("a request to delete is lost", privacy.forgotten, evidence(deletions={})),
    ("the callback was refused", privacy.forgotten, evidence(forgotten={LEFT: Answered(status=503)})),
    (
        "the forgotten are still there",
        privacy.forgotten,
        evidence(written=[theirs(written(0, Kind.MESSAGE_RECEIVED, {"mid": "m9"}))]),
    ),
    ("nobody asked", privacy.forgotten, evidence(forgotten={}, deletions={})),
    ("the ledger was altered", privacy.deleted, evidence(ledger="not verified: entry 3")),
    (
        "the audit found one",
        privacy.audited,
        evidence(audit={"due": 1, "made in time": 0, "disclosure missing": 1}),
    ),
    ("the audit saw nothing", privacy.audited, evidence(audit={})),
    (
        "no disclosure",
        privacy.disclosed,
        evidence(books=books(calls=[called(1, "Yes"), called(2, "Kim here")])),
    ),
    (
        "no disclosure after a person",
        privacy.disclosed,
        evidence(
            books=books(called(3, "Yes again", mid="sent-3")),
            outcomes={**evidence().outcomes, "bot-2": ended("bot-2", "sent", "sent-3")},
        ),
    ),
    ("a text in a log", privacy.silent, evidence(spoken={"dispatcher.log": f"sent {SECRET}"})),
    (
        "a customer in a metric",
        privacy.silent,
        evidence(spoken={"ingest/metrics": f'{{customer="{CUSTOMER}"}}'}),
    ),
    ("a token in a log", privacy.silent, evidence(spoken={"dispatcher.log": "Bearer EAAtoken"})),
]


@pytest.mark.parametrize(("check", "found"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_promise_is_found(check: Callable[[Evidence], Check], found: Evidence) -> None:
    assert not check(found).ok


def test_every_check_is_made_and_each_has_a_story_in_which_it_fails() -> None:
    assert {check for _, check, _ in BROKEN} == set(CHECKS)


def test_a_disclosure_in_its_own_message_before_the_answer_counts() -> None:
    calls = [called(1, HELLO), called(3, "Yes", mid="sent-3"), called(4, "Kim here", mid="sent-2")]
    outcomes = {**evidence().outcomes, "bot": ended("bot", "sent", "sent-1", "sent-3")}
    assert privacy.disclosed(evidence(books=books(calls=calls), outcomes=outcomes)).ok
