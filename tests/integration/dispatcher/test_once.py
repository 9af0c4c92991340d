"""Promise 3: at most one POST per part that the platform may have accepted, whatever happens to the call."""

from dataclasses import dataclass
from typing import Any

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"KAIWA_DISPATCHER__SETTLE_AFTER": "5"}
"""Seconds; an echo explains a call before its thread is read, on a busy machine, too."""


@dataclass(frozen=True)
class Fate:
    """A fault of the call, whether the platform had the message, and how the request must end."""

    name: str
    effect: str
    fields: dict[str, Any]
    accepted: int
    state: str
    evidence: str | None = None
    reason: str | None = None


FATES = [
    Fate("reset before", "reset", {"when": "before"}, 0, "failed", reason="not_found"),
    Fate("reset after", "reset", {"when": "after"}, 1, "sent", evidence="content"),
    Fate("500 before", "status", {"when": "before", "status": 500}, 0, "failed", reason="not_found"),
    Fate("500 after", "status", {"when": "after", "status": 500}, 1, "sent", evidence="content"),
    Fate("unreadable 200", "garbled", {}, 1, "sent", evidence="content"),
    Fate(
        "sent, says error 1/1357046",
        "error",
        {"when": "after", "code": 1, "subcode": 1357046},
        1,
        "sent",
        evidence="content",
    ),
    Fate(
        "error 2 with a subcode",
        "error",
        {"when": "before", "code": 2, "subcode": 1545133},
        0,
        "failed",
        reason="not_found",
    ),
    Fate("sent, says error 2", "error", {"when": "after", "code": 2}, 1, "sent", evidence="content"),
]


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.name)
async def test_a_call_without_a_clear_answer_is_never_repeated(rig: DispatcherRig, fate: Fate) -> None:
    """Breaks when `classify` turns `Lost` into `Again`, or `explain` no longer matches by content."""
    person = await rig.customer()
    rig.sim.fault(fate.effect, marker=f"fate {fate.name}", times=1, **fate.fields)

    outcome = await rig.final(await rig.ask(person, f"fate {fate.name}", author=HUMAN))

    assert len(rig.sim.books.posts(f"fate {fate.name}")) == 1
    assert len(rig.sim.books.accepted(f"fate {fate.name}")) == fate.accepted
    assert (outcome.state, outcome.evidence, outcome.reason) == (fate.state, fate.evidence, fate.reason)


async def test_a_lost_echo_is_made_up_for_by_reading_the_thread(rig: DispatcherRig) -> None:
    """Breaks when `Settler.read_threads` does nothing."""
    person = await rig.customer()
    rig.sim.fault("reset", marker="unheard", when="after", times=1)
    rig.sim.fault("lose", marker="unheard", times=1)

    outcome = await rig.final(await rig.ask(person, "unheard", author=HUMAN))

    assert (outcome.state, outcome.evidence) == ("sent", "thread")
    assert len(rig.sim.books.posts("unheard")) == 1


async def test_an_echo_before_its_answer_changes_nothing(rig: DispatcherRig) -> None:
    person = await rig.customer()
    rig.sim.fault("echo_first", marker="early bird", times=1)
    rig.sim.fault("latency", marker="early bird", times=1, seconds=0.5)

    outcome = await rig.final(await rig.ask(person, "early bird", author=HUMAN))

    assert (outcome.state, outcome.evidence) == ("sent", "answer")
    assert len(rig.sim.books.posts("early bird")) == 1


async def test_the_conversation_waits_for_a_message_in_doubt(rig: DispatcherRig) -> None:
    """Breaks when `doubt` frees the conversation: the second would be sent before the first is found in the thread."""
    person = await rig.customer()
    rig.sim.fault("reset", marker="first of two", when="after", times=1)
    rig.sim.fault("lose", marker="first of two", times=1)

    first = await rig.ask(person, "first of two", author=HUMAN)
    second = await rig.ask(person, "second of two", author=HUMAN)
    ended = await rig.final(second)
    before = await rig.final(first)

    assert (before.state, ended.state) == ("sent", "sent")
    assert before.decided_at <= ended.decided_at
    assert [call.text for call in rig.sim.books.accepted("of two")] == ["first of two", "second of two"]


async def test_the_same_request_twice_is_one_send(rig: DispatcherRig) -> None:
    """Breaks when `take_in` forgets `on conflict do nothing`; the first body wins."""
    person = await rig.customer()
    request = await rig.ask(person, "only once", author=HUMAN)
    await rig.ask(person, "only once, again", author=HUMAN, request_id=request)
    last = await rig.ask(person, "afterwards", author=HUMAN)
    await rig.final(last)

    assert [call.text for call in rig.sim.books.posts("only once")] == ["only once"]


async def test_a_refusal_before_anything_left_is_tried_again(rig: DispatcherRig) -> None:
    """613: certainly not sent, so it goes out once the announced pause is over."""
    person = await rig.customer()
    rig.sim.fault("error", marker="throttled", times=1, when="before", code=613, subcode=2534040)
    request = await rig.ask(person, "throttled", author=HUMAN)

    await rig.deferred(request, "paused_by_platform")
    assert not rig.sim.books.accepted("throttled")
