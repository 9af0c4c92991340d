"""What is certain is said at once: who waits for a pause, whose time is over before their turn, what comes too late."""

import asyncio
from datetime import timedelta

import pytest
from conditions import eventually_true
from dispatcher_rig import DispatcherRig
from prometheus_client.parser import text_string_to_metric_families

from kaiwa.contracts.times import parse, rfc3339
from kaiwa.runtime.clock import utc_now

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_waits_for_a_pause_is_told_so_once(rig: DispatcherRig) -> None:
    """Design, section 2. Breaks when only the call that met the limit is told, or everybody at every look."""
    person = await rig.customer()
    await rig.db.execute(
        "update dispatcher.accounts set paused_until = now() + interval '1 hour' where account_id = $1",
        person.account_id,
    )
    requests = [await rig.ask(person, f"in the pause {n}") for n in range(3)]
    for request in requests:
        told = await rig.until(request, lambda outcome: outcome.state == "deferred")
        assert (told.reason, told.seq) == ("paused_by_platform", 2)
    await rig.db.execute(
        "update dispatcher.accounts set paused_until = null where account_id = $1", person.account_id
    )
    for request in requests:
        assert (await rig.final(request)).state == "sent"
        assert [outcome.state for outcome in rig.outcomes[request]].count("deferred") == 1


async def bulk_alone_waits(rig: DispatcherRig) -> bool:
    """The age of the queue is shown by lane. Breaks when one lane's age is shown as another's, or as everybody's."""
    shown = await rig.metrics("dispatcher")
    ages = {
        labels["lane"]: value
        for family in text_string_to_metric_families(shown)
        for name, labels, value, *_ in family.samples
        if name == "kaiwa_dispatcher_queue_age_seconds"
    }
    return ages["bulk"] > 0 and ages["human"] == ages["transactional"] == 0


async def test_whose_turn_comes_too_late_is_refused_before(rig: DispatcherRig) -> None:
    """150 messages, 5 a second, 20 seconds: a third of them cannot go. Breaks when they learn it at their turn only,
    or when one is given up that could have gone.
    """
    shop = await rig.account(entry={"limits": {"text_per_second": 5}})
    people = [rig.sim.customer(shop) for _ in range(150)]
    for person in people:
        person.write("Hello")
    assert await rig.sim.settled()
    until = rfc3339(utc_now() + timedelta(seconds=20))
    requests = await asyncio.gather(
        *(rig.ask(person, f"crowded {n}", lane="bulk", expires_at=until) for n, person in enumerate(people))
    )
    await eventually_true(lambda: bulk_alone_waits(rig))
    outcomes = [await rig.final(request, within=60) for request in requests]

    early = [o for o in outcomes if o.error is not None and parse(o.decided_at) < parse(until)]
    assert len(early) >= 20
    assert {(outcome.state, outcome.reason) for outcome in early} == {("expired", "expired")}
    assert all("s at the soonest" in outcome.error.explanation for outcome in early if outcome.error)
    assert (
        len([outcome for outcome in outcomes if outcome.state == "sent"]) >= 45
    )  # 90 slots, of which a busy machine misses some


async def test_what_is_scheduled_beyond_the_window_is_refused_soon(rig: DispatcherRig) -> None:
    """Breaks when it stays accepted, and is refused a day later."""
    person = await rig.customer()
    first = await rig.ask(person, "soon enough")
    assert (await rig.final(first)).state == "sent"  # so that the window is known
    later = rfc3339(utc_now() + timedelta(hours=30))
    refused = await rig.final(await rig.ask(person, "too late", not_before=later))
    assert (refused.state, refused.reason, refused.seq) == ("refused", "window_closed", 2)
    assert refused.error is not None
    assert "not_before" in refused.error.explanation

    expiring = await rig.ask(person, "never", not_before=later, expires_at=rfc3339(utc_now()))
    assert (await rig.final(expiring)).reason == "expired"
    fine = await rig.ask(person, "tomorrow", not_before=rfc3339(utc_now() + timedelta(hours=20)))
    assert (await rig.until(fine, lambda outcome: outcome.seq == 1)).state == "accepted"
    assert rig.sim.books.posts("too late") == []
