"""What the platform throttles is obeyed: by every process, across restarts, and without a single call meanwhile."""

import pytest
import pytest_asyncio
from conditions import eventually_true
from dispatcher_rig import HUMAN, DispatcherRig
from pauses import calm, paused

from kaiwa.simulator.actions import React

pytestmark = pytest.mark.asyncio(loop_scope="module")

OVER = "update dispatcher.accounts set paused_until = now() where account_id = $1"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def calmly(rig: DispatcherRig) -> None:
    """Nobody is throttled at first."""
    await calm(rig)


async def test_a_full_budget_silences_every_process_also_after_a_restart(rig: DispatcherRig) -> None:
    """The message itself was sent; its answer's headers say that the budgets are full, the account's for two minutes.

    Breaks when the pause is a process's own memory, when the unit is seconds, or when a full budget only slows down.
    """
    person, other = await rig.customer(), await rig.customer()
    rig.sim.fault("usage", marker="full 0", times=1, usage=100, regain_minutes=2)
    assert (await rig.final(await rig.ask(person, "full 0", author=HUMAN))).state == "sent"
    assert 90 < await paused(rig, person.account_id) <= 120

    waiting = [await rig.ask(person, f"full {n}", author=HUMAN) for n in (1, 2)]
    for request in waiting:
        await rig.accepted(request)
    await rig.services["dispatcher"].kill()
    await rig.dispatcher()
    elses = await rig.ask(other, "full for somebody else", author=HUMAN)
    await rig.accepted(elses)
    assert await paused(rig, other.account_id) <= 60
    await rig.db.execute(OVER, other.account_id)
    assert (await rig.final(elses)).state == "sent"
    assert [call.text for call in rig.sim.books.posts("full ")] == ["full 0", "full for somebody else"]

    await rig.db.execute(OVER, person.account_id)
    for request in waiting:
        assert (await rig.final(request)).state == "sent"


async def test_a_pause_that_follows_another_is_twice_as_long(rig: DispatcherRig) -> None:
    """Where nothing is announced: from 60 s on. Breaks when each throttled call counts as a pause of its own."""
    person = await rig.customer()
    rig.sim.fault("error", marker="doubling", times=2, when="before", code=613)
    request = await rig.ask(person, "doubling", author=HUMAN)
    assert 40 < await paused(rig, person.account_id) <= 60

    await rig.db.execute(
        "update dispatcher.throttles set resumes_at = now() where id = $1", person.account_id
    )
    await rig.db.execute(OVER, person.account_id)
    await rig.db.execute(
        "update dispatcher.intents set next_at = now(), due_at = now() where state = 'queued'"
    )
    await rig.db.execute("update dispatcher.conversations set wake_at = now() where next_due is not null")
    assert 60 < await paused(rig, person.account_id) <= 120

    await rig.db.execute(OVER, person.account_id)
    await rig.db.execute(
        "update dispatcher.intents set next_at = now(), due_at = now() where state = 'queued'"
    )
    await rig.db.execute("update dispatcher.conversations set wake_at = now() where next_due is not null")
    assert (await rig.final(request)).state == "sent"


async def test_an_account_slows_down_before_the_wall(rig: DispatcherRig) -> None:
    """At 95 % of the budget a quarter of the limit is left. Breaks when the headers of accepted calls are not read."""
    shop = await rig.account(entry={"limits": {"text_per_second": 40}})
    people = [rig.sim.customer(shop) for _ in range(25)]  # more than a second may have, slowed down
    for person in people:
        person.write("Hello")
    assert await rig.sim.settled()
    rig.sim.fault("usage", marker="slower", times=None, usage=95)  # else the next answer would lift it
    assert (await rig.final(await rig.ask(people[0], "slower 0", author=HUMAN))).state == "sent"

    requests = [await rig.ask(person, f"slower {n}", author=HUMAN) for n, person in enumerate(people[1:], 1)]
    for request in requests:
        assert (await rig.final(request)).state == "sent"
    assert rig.sim.books.peak(shop.account_id) <= 40 * 0.33 + 1


async def test_the_fullest_budget_of_the_last_hour_is_shown(rig: DispatcherRig) -> None:
    """Broken by: a budget that goes on to look full when nobody has heard of it for an hour."""

    async def shown(ratio: str) -> bool:
        metrics = await rig.metrics("dispatcher")
        return f'kaiwa_dispatcher_usage_ratio{{scope="account"}} {ratio}\n' in metrics

    person = await rig.customer()
    rig.sim.fault("usage", marker="fuller 0", times=1, usage=85)
    assert (await rig.final(await rig.ask(person, "fuller 0", author=HUMAN))).state == "sent"
    await eventually_true(lambda: shown("0.85"))
    await rig.db.execute("update dispatcher.throttles set heard_at = heard_at - interval '61 minutes'")
    await eventually_true(lambda: shown("0.0"))


async def test_near_its_volume_an_account_keeps_what_is_left_for_people(rig: DispatcherRig) -> None:
    """Both sides' messages of a day count. Broken by: counting one side's or other events, holding everybody back,
    never letting bulk go again, or counting for longer than a day.
    """

    async def crowded() -> bool:
        sql = "select crowded_until > now() from dispatcher.accounts where account_id = $1"
        return bool(await rig.db.fetchval(sql, shop.account_id))

    async def six_counted() -> bool:
        sql = "select sum(messages) from dispatcher.volumes where account_id = $1"
        return bool(await rig.db.fetchval(sql, shop.account_id) == 6)

    async def roomy() -> bool:
        return not await crowded()

    shop = await rig.account(entry={"limits": {"messages_per_day": 10}})
    person = rig.sim.customer(shop)
    for n in range(6):
        rig.sim.act(React(mid=person.write(f"Hello {n}")))  # a reaction is no message
    await eventually_true(six_counted)
    assert await roomy()
    assert (await rig.final(await rig.ask(person, "crowd 0", lane="bulk"))).state == "sent"
    for n in range(2):
        person.write(f"That makes nine {n}")
    await eventually_true(crowded)

    held = await rig.ask(person, "crowd 1", lane="bulk")
    await rig.deferred(held, "account_crowded")
    assert (await rig.final(await rig.ask(person, "crowd 2", lane="transactional"))).state == "sent"
    await eventually_true(lambda: shown(rig, 'trouble="crowded"} 1'))

    await rig.db.execute("update dispatcher.volumes set hour = hour - interval '25 hours'")
    person.write("a day later")
    await eventually_true(roomy)
    an_hour_passes = "update dispatcher.intents set due_at = now(), next_at = now() where request_id = $1"
    await rig.db.execute(an_hour_passes, held)
    await rig.db.execute(
        "update dispatcher.conversations set wake_at = now() where account_id = $1", shop.account_id
    )
    assert (await rig.final(held)).state == "sent"


async def shown(rig: DispatcherRig, line: str) -> bool:
    return line in await rig.metrics("dispatcher")
