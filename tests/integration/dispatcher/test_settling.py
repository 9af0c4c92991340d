"""Promise 3, what comes after doubt: another try only on proof, correction by late evidence, a person's word."""

import json
from typing import Any

import msgspec
import pytest
from asking import WITHIN
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.events import Event, encode
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.clock import utc_now
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"KAIWA_DISPATCHER__SETTLE_AFTER": "4", "KAIWA_DISPATCHER__DOUBT_BOUND": "12"}
"""Seconds in which a test does what it has to while a request is in doubt."""


async def in_doubt(rig: DispatcherRig, person: Person, text: str, effect: str, **fault: Any) -> str:
    """A request whose call ended so, and whose conversation moved on before anybody could look."""
    rig.sim.fault("lose", marker=text, times=1)
    rig.sim.fault(effect, marker=text, times=1, **fault)
    request = await rig.ask(person, text, author=HUMAN)
    await rig.until(request, lambda outcome: outcome.state == "in_doubt")
    return request


def talk_on(person: Person) -> None:
    """So much that the thread's 20 newest messages do not reach back to the call."""
    for n in range(21):
        person.write(f"and another thing {n}")


async def test_an_error_is_tried_again_three_times_at_most(rig: DispatcherRig) -> None:
    """Breaks when `absent` does not count."""
    person = await rig.customer()
    request = await in_doubt(rig, person, "tried thrice", "error", when="before", code=2)
    await rig.db.execute("update dispatcher.intents set retries = 3 where request_id = $1", request)

    outcome = await rig.final(request)

    assert (outcome.state, outcome.reason) == ("failed", "not_found")
    assert len(rig.sim.books.posts("tried thrice")) == 1


async def test_an_error_is_not_tried_again_where_the_thread_proves_nothing(rig: DispatcherRig) -> None:
    """Breaks when a thread that does not reach back counts as proof: it was sent, and would be sent twice."""
    person = await rig.customer()
    request = await in_doubt(rig, person, "pushed out", "error", when="after", code=1)
    talk_on(person)

    outcome = await rig.final(request)

    assert (outcome.state, outcome.reason) == ("failed", "not_found")
    assert len(rig.sim.books.posts("pushed out")) == 1


async def test_a_late_echo_corrects_what_was_not_found(rig: DispatcherRig) -> None:
    """Breaks when a part that was given up is forgotten."""
    person = await rig.customer()
    request = await in_doubt(rig, person, "better late", "reset", when="before")
    assert (await rig.final(request)).reason == "not_found"

    await echoed(rig, person, text="better late")
    corrected = await rig.until(request, lambda outcome: outcome.state == "sent")

    assert (corrected.evidence, corrected.parts[0].mid) == ("content", mid_of(person, "better late"))


async def test_echoes_of_several_conversations_are_each_for_their_own(rig: DispatcherRig) -> None:
    """They are explained together. Breaks when one conversation's echo may show another's message, which says the same."""
    account = await rig.account()
    people = [rig.sim.customer(account) for _ in range(3)]
    for person in people:
        person.write("Is it in stock?")
    assert await rig.sim.settled()
    requests = [await in_doubt(rig, person, "yes it is", "reset", when="before") for person in people[:2]]
    assert [(await rig.final(request)).reason for request in requests] == ["not_found", "not_found"]

    await echoed(rig, *reversed(people), text="yes it is")
    found = [await rig.until(request, lambda outcome: outcome.state == "sent") for request in requests]

    assert [outcome.parts[0].mid for outcome in found] == [
        mid_of(person, "yes it is") for person in people[:2]
    ]
    typed = "select assigned from dispatcher.echoes where mid = $1"
    await rig.until_stored(typed, mid_of(people[2], "yes it is"), "other")


async def test_a_late_echo_of_an_attempt_that_is_tried_again_stops_the_next_one(rig: DispatcherRig) -> None:
    """Breaks when a second try forgets the first one: the echo would be a stranger's, and the message go out twice."""
    person = await rig.customer()
    request = await in_doubt(rig, person, "slow but sure", "error", when="before", code=1)
    await rig.until(request, lambda outcome: outcome.state == "deferred")

    await echoed(rig, person, text="slow but sure")
    outcome = await rig.final(request)

    assert (outcome.state, outcome.evidence) == ("sent", "content")
    assert [(part.n, part.state) for part in outcome.parts] == [(1, "sent")]
    after = await rig.final(await rig.ask(person, "the next one", author=HUMAN))
    assert after.state == "sent"
    assert len(rig.sim.books.posts("slow but sure")) == 1


async def test_the_conversation_goes_on_and_a_person_settles(rig: DispatcherRig) -> None:
    """Breaks when a conversation waits for ever, when it goes on in silence, or when what is settled by hand is posted."""
    person = await rig.customer()
    requests = [await in_doubt(rig, person, "who knows", "reset", when="after")]
    talk_on(person)
    following = await rig.ask(person, "life goes on", author=HUMAN)

    assert (await rig.final(following)).state == "sent"
    assert [(o.state, o.reason) for o in sorted(rig.outcomes[requests[0]], key=lambda o: o.seq)][-1] == (
        "in_doubt",
        "went_on",
    )
    other = await rig.customer()
    requests.append(await in_doubt(rig, other, "nobody knows", "reset", when="before"))
    talk_on(other)
    settled = [
        await rig.kaiwa("sends", "settle", requests[0], "--sent", "--mid", "m-by-hand", "--json"),
        await rig.kaiwa("sends", "settle", requests[1], "--not-sent", "--json"),
    ]
    assert [json.loads(done.stdout)["state"] for done in settled] == ["sent", "failed"]
    first = await rig.until(requests[0], lambda outcome: outcome.state == "sent")
    second = await rig.until(requests[1], lambda outcome: outcome.state == "failed")
    assert (first.evidence, first.parts[0].mid) == ("operator", "m-by-hand")
    assert second.reason == "not_found"
    assert len(rig.sim.books.posts("knows")) == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["no-such-request", "--sent"], 1, "no message of no-such-request is in doubt"),
        (["no-such-request"], 2, "give --sent or --not-sent"),
        (["no-such-request", "--not-sent", "--mid", "m"], 2, "give it with --sent"),
    ],
)
async def test_what_cannot_be_settled(rig: DispatcherRig, words: list[str], code: int, says: str) -> None:
    done = await rig.kaiwa("sends", "settle", *words, check=False)
    assert done.returncode == code
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def mid_of(person: Person, text: str) -> str:
    return f"{person.customer_id}-{text}"


async def echoed(rig: DispatcherRig, *people: Person, text: str) -> None:
    """The echoes that the platform owed, all at once."""
    now, count = rfc3339(utc_now()), await rig.producer.partitions(topics.EVENTS, within=WITHIN)
    await rig.producer.publish([_echo(person, text, now, count) for person in people], within=WITHIN)


def _echo(person: Person, text: str, now: str, partitions: int) -> Outgoing:
    event = Event(
        id=ids.random(),
        kind="message.echoed",
        app_id="1001",
        account_id=person.account_id,
        customer_id=person.customer_id,
        occurred_at=now,
        time_source="event",
        received_at=now,
        stream="messaging",
        data=msgspec.Raw(msgspec.json.encode({"mid": mid_of(person, text), "text": text, "attachments": []})),
    )
    partition = of_conversation(person.account_id, person.customer_id, partitions)
    return Outgoing(topics.EVENTS, event.id.encode(), encode(event), partition=partition)
