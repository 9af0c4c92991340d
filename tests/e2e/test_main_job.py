"""The main job, step by step through all three services, on real Kafka and PostgreSQL."""

import json

import pytest

from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind, data_of
from kaiwa.contracts.sends import Message
from kaiwa.devstack.demo.gathering import remains
from kaiwa.devstack.demo.stage import Stage, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP = "Blue Moon"
DISCLOSURE = "automatic assistant"


async def test_a_question_is_answered_with_a_disclosure_and_its_echo_comes_back(stage: Stage) -> None:
    """Broken by: a bot's answer that goes out undisclosed, an outcome without the message's id, an echo that is lost."""
    customer, number = await stage.customer(SHOP), stage.number()
    mid = await stage.write(customer, f"{number} Ist es auch in blau da? 青 🌙")
    request_id = await stage.answered(mid)
    event = stage.watch.received(mid)
    assert event is not None
    assert data_of(event).text.endswith("青 🌙"), "what was written, as it was written"
    await stage.sent(request_id)

    outcome = stage.watch.latest[request_id]
    (part,) = outcome.parts
    assert (outcome.evidence, outcome.tag, outcome.author_kind) == ("answer", None, "automation")
    assert outcome.disclosure is not None
    assert outcome.disclosure.trigger == "start"
    await stage.watch.until(lambda: stage.watch.by_mid[part.mid or ""], "the echo is an event")
    assert stage.watch.by_mid[part.mid or ""][0].kind == Kind.MESSAGE_ECHOED

    (call,) = (await stage.remote.books(number)).accepted()
    assert call.mid == part.mid
    assert DISCLOSURE in (call.text or "")

    again = await stage.answered(await stage.write(customer, f"{stage.number()} And in green?"))
    await stage.sent(again)
    assert stage.watch.latest[again].disclosure is None, "once is enough, a minute later"


async def test_a_person_answers_without_a_disclosure_and_the_bot_waits(stage: Stage) -> None:
    """Broken by: a human's message that is taken for automation's, or one that does not hold the bot back."""
    customer = await stage.customer(SHOP)
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} Hello")))
    number = stage.number()
    reply = await stage.say(customer, f"{number} Kim here. How can I help?")
    await stage.sent(reply)
    assert stage.watch.latest[reply].disclosure is None
    (call,) = (await stage.remote.books(number)).accepted()
    assert call.text == f"{number} Kim here. How can I help?"
    waiting = await stage.answered(await stage.write(customer, f"{stage.number()} Thanks!"))
    await stage.deferred(waiting, "human_handling")


async def test_the_same_request_twice_is_one_send(stage: Stage) -> None:
    """Broken by: an intake that takes a request it knows for a new one."""
    customer = await stage.customer(SHOP)
    await stage.sent(await stage.answered(await stage.write(customer, f"{stage.number()} Hello")))
    number = stage.number()
    once = request(customer, Message(text=f"{number} The first body counts."))
    other = request(customer, Message(text=f"{number} This one does not."), request_id=once.request_id)
    await stage.ask(once, once, other)
    await stage.sent(await stage.say(customer, f"{stage.number()} Something else, sent after them"))
    (call,) = (await stage.remote.books(number)).posts(number)
    assert call.text == f"{number} The first body counts."


async def test_the_ledger_and_the_registry_can_be_read_by_command(stage: Stage) -> None:
    """What a newcomer types first gives an answer."""
    assert json.loads(await stage.kaiwa.kaiwa("ledger", "verify", "--json"))["ok"] is True
    (listed,) = json.loads(await stage.kaiwa.kaiwa("accounts", "list", "--json"))
    assert listed["state"] == "active"


async def test_an_unsent_message_is_gone_everywhere_within_the_bound(stage: Stage) -> None:
    """Broken by: no heartbeat (the segment files keep it), no tombstone, an order that the dispatcher ignores."""
    customer = await stage.customer(SHOP)
    text = f"{stage.number()} my code is 4f1c9a77d2"
    mid = await stage.write(customer, text)
    await stage.answered(mid)
    stage.prove(text)
    assert stage.proven == {text}, "a blind scanner's word means nothing"
    before = set(stage.watch.erasures)
    await stage.remote.unsend(mid)
    await stage.watch.until(lambda: set(stage.watch.erasures) - before, "the erasure is ordered")
    await stage.watch.until(
        lambda: not stage.watch.open_erasures, "the erasure is verified", within=2 * topics.DEV_BOUND
    )
    assert await remains(stage) == frozenset()
