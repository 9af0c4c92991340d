"""Promise 5: never above the configured limit in any sliding window, for all processes together."""

import asyncio

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.sends import Media, Message

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_two_dispatchers_share_one_limit_and_send_each_request_once(rig: DispatcherRig) -> None:
    """Breaks when a process spends tokens of its own, when rate and burst exceed the limit, when a late call keeps
    its slot, or when two schedulers may claim one conversation.
    """
    await rig.dispatcher("second")
    shop = await rig.account(entry={"limits": {"text_per_second": 20}})
    people = [rig.sim.customer(shop) for _ in range(20)]
    for person in people:
        person.write("Hello")
    assert await rig.sim.settled()

    requests = await asyncio.gather(
        *(
            rig.ask(person, f"limited {n}-{m}", author=HUMAN)
            for n, person in enumerate(people)
            for m in range(5)
        )
    )
    outcomes = [await rig.final(request) for request in requests]

    assert {outcome.state for outcome in outcomes} == {"sent"}
    assert len(rig.sim.books.posts("limited ")) == 100
    assert rig.sim.books.reposts() == []
    arrivals = sorted(call.arrived for call in rig.sim.books.posts("limited "))
    assert rig.sim.books.peak(shop.account_id) <= 20, arrivals
    await rig.services["second"].terminate()


async def test_a_picture_after_its_disclosure_waits_for_a_slot_of_its_own_limit(rig: DispatcherRig) -> None:
    """Breaks when the second call of a request leaves in a slot of the first one's limit: texts may be ten times faster.

    The disclosures, which keep the pictures' pace since the claims did, are answered all at the same moment.
    """
    shop = await rig.account()
    people = [rig.sim.customer(shop) for _ in range(25)]
    for person in people:
        person.write("May I see it?")
    assert await rig.sim.settled()

    for n in range(len(people)):
        seconds = 4 - n / 9
        rig.sim.fault("latency", account_id=shop.account_id, kind="text", times=1, seconds=seconds)
    picture = Message(images=(Media(url="https://pictures.example.org/blue.jpg"),))
    requests = await asyncio.gather(*(rig.ask(person, message=picture) for person in people))
    outcomes = [await rig.final(request) for request in requests]

    assert {(outcome.state, len(outcome.parts)) for outcome in outcomes} == {("sent", 2)}
    assert rig.sim.books.violations() == []
    assert rig.sim.books.peak(shop.account_id, rate="media") <= 10


async def test_order_within_a_conversation_is_the_order_of_intake(rig: DispatcherRig) -> None:
    """Also while the first of them waits for knowledge: the customer's message is being read. Breaks when what is due
    and waits for fresh state loses its place to what came later.
    """
    person = await rig.customer()
    requests = [await rig.ask(person, f"ordered {n}", author=HUMAN) for n in range(10)]
    for request in requests:
        await rig.final(request)

    assert [call.text for call in rig.sim.books.accepted("ordered ")] == [f"ordered {n}" for n in range(10)]
