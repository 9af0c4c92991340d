"""Promise 5: never above the configured limit in any sliding window, for all processes together."""

import asyncio

import pytest
from dispatcher_rig import HUMAN, DispatcherRig

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
    outcomes = [await rig.final(request, within=60) for request in requests]

    assert {outcome.state for outcome in outcomes} == {"sent"}
    assert len(rig.sim.books.posts("limited ")) == 100
    assert rig.sim.books.reposts() == []
    assert rig.sim.books.peak(shop.account_id) <= 20
    await rig.services["second"].terminate()


async def test_order_within_a_conversation_is_the_order_of_intake(rig: DispatcherRig) -> None:
    """Also while the first of them waits for knowledge: the customer's message is being read. Breaks when what is due
    and waits for fresh state loses its place to what came later.
    """
    person = await rig.customer()
    requests = [await rig.ask(person, f"ordered {n}", author=HUMAN) for n in range(10)]
    for request in requests:
        await rig.final(request)

    assert [call.text for call in rig.sim.books.accepted("ordered ")] == [f"ordered {n}" for n in range(10)]
