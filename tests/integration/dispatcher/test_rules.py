"""Promises 4 and 7 on the real thing: what is forbidden is not sent, what is allowed is not refused, and automation
says that it is automation. The judge is the simulator's own strict check.
"""

import time

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = 3600.0
DISCLOSURE = "automatic assistant"


async def wrote(rig: DispatcherRig, *, hours_ago: float, human_agent: bool = True) -> Person:
    """A customer whose only message is that old, delivered late as after an outage."""
    person = rig.sim.customer(await rig.account(human_agent=human_agent))
    person.write("Is it in stock?", at=time.time() - hours_ago * HOUR)
    assert await rig.sim.settled()
    return person


async def test_automation_stops_when_the_window_closes(rig: DispatcherRig) -> None:
    """Breaks when `decide` reads the time of delivery, or forgets the margin."""
    closed = await wrote(rig, hours_ago=23.99)  # inside the 90 s margin
    outcome = await rig.final(await rig.ask(closed, "too late"))

    assert (outcome.state, outcome.reason) == ("refused", "window_closed")
    assert rig.sim.books.posts("too late") == []


async def test_a_human_goes_on_with_the_tag(rig: DispatcherRig) -> None:
    """Breaks when the tag is left out, or given to automation."""
    person = await wrote(rig, hours_ago=30)
    outcome = await rig.final(await rig.ask(person, "human, tagged", author=HUMAN))

    assert (outcome.state, outcome.tag) == ("sent", "HUMAN_AGENT")
    assert [call.tag for call in rig.sim.books.accepted("human, tagged")] == ["HUMAN_AGENT"]


async def test_without_the_feature_a_human_is_refused_with_the_reason(rig: DispatcherRig) -> None:
    person = await wrote(rig, hours_ago=30, human_agent=False)
    outcome = await rig.final(await rig.ask(person, "no feature", author=HUMAN))

    assert (outcome.state, outcome.reason) == ("refused", "human_agent_unavailable")


async def test_after_seven_days_nobody_writes(rig: DispatcherRig) -> None:
    person = await wrote(rig, hours_ago=7 * 24)
    outcome = await rig.final(await rig.ask(person, "far too late", author=HUMAN))

    assert (outcome.state, outcome.reason) == ("refused", "window_closed")


async def test_no_refusal_while_the_event_that_allows_it_is_still_on_its_way(rig: DispatcherRig) -> None:
    """The request is in Kafka before the dispatcher has read the customer's message: it waits, then goes.

    Breaks when `_refuse_when_known` refuses at once.
    """
    person = rig.sim.customer(await rig.account())
    await rig.services["dispatcher"].terminate()
    for n in range(300):
        person.write(f"message {n}")
    request = await rig.ask(person, "I am quick")
    assert await rig.sim.settled()
    await rig.dispatcher()

    assert (await rig.final(request)).state == "sent"


async def test_automation_discloses_itself_first_and_again_after_a_human(rig: DispatcherRig) -> None:
    """Breaks when `disclosure.due` returns None, or a human's message does not make it due again."""
    person = await rig.customer()
    for text, author in [("bot 1", None), ("bot 2", None), ("person 1", HUMAN)]:
        await rig.final(await rig.ask(person, text, **({"author": author} if author else {})))
    held = await rig.ask(person, "bot 3")
    await rig.deferred(held, "human_handling")
    await rig.ask(person, kind="release")
    await rig.final(held)

    said = [DISCLOSURE in (call.text or "") for call in rig.sim.books.accepted("bot ")]
    assert said == [True, False, True]
    disclosure = rig.newest(held).disclosure
    assert disclosure is not None
    assert disclosure.trigger == "after_human"
    assert DISCLOSURE not in (rig.sim.books.accepted("person 1")[0].text or "")


async def test_what_failed_to_send_did_not_disclose(rig: DispatcherRig) -> None:
    """Breaks when a disclosure counts as soon as its call is made."""
    person = await rig.customer()
    rig.sim.fault("error", marker="refused by Meta", times=1, when="before", code=100)
    assert (await rig.final(await rig.ask(person, "refused by Meta"))).state == "failed"
    await rig.final(await rig.ask(person, "the next one"))

    assert DISCLOSURE in (rig.sim.books.accepted("the next one")[0].text or "")


async def test_before_media_and_long_texts_the_disclosure_is_a_message_of_its_own(rig: DispatcherRig) -> None:
    person = await rig.customer()
    long = "A long answer. " * 130  # 1950 bytes: two messages, and no room for the disclosure in the first
    outcome = await rig.final(await rig.ask(person, long))

    texts = [call.text or "" for call in rig.sim.books.accepted(account_id=person.account_id)]
    assert len(texts) == 3
    assert DISCLOSURE in texts[0]
    assert "".join(texts[1:]) == long
    assert [part.mid for part in outcome.parts] == [
        call.mid for call in rig.sim.books.accepted(account_id=person.account_id)
    ]


async def test_a_message_typed_on_the_phone_holds_automation(rig: DispatcherRig) -> None:
    """Breaks when an echo that no request explains is ignored, or automation acts on what was known a moment ago."""
    person = await rig.customer()
    person.hear("Hi, this is Eve on my phone")
    assert await rig.sim.settled()
    request = await rig.ask(person, "bot talks over Eve")
    await rig.deferred(request, "human_handling")


async def test_nothing_that_was_sent_here_broke_a_rule_of_the_platform(rig: DispatcherRig) -> None:
    """Runs with the others in any order, as what one of them broke stays in the books."""
    person = await rig.customer()
    await rig.final(await rig.ask(person, "in order"))

    assert rig.sim.books.violations() == []
