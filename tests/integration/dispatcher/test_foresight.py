"""What is certain is said at once: who waits for a pause, whose time is over before their turn, what comes too late."""

import asyncio
from datetime import timedelta

import pytest
from conditions import eventually_true
from dispatcher_rig import HUMAN, DispatcherRig
from prometheus_client.parser import text_string_to_metric_families

from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.sends import Recipient
from kaiwa.contracts.times import parse, rfc3339
from kaiwa.runtime.clock import utc_now
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = timedelta(hours=1)


def soon(wait: timedelta) -> str:
    return rfc3339(utc_now() + wait)


async def pause(rig: DispatcherRig, account_id: str, length: timedelta | None) -> str:
    """Until when Meta has paused the account, as a caller is told it."""
    query = "update dispatcher.accounts set paused_until = now() + $2::interval where account_id = $1 returning paused_until"
    until = await rig.db.fetchval(query, account_id, length)
    return "" if until is None else rfc3339(until)


async def wrote(rig: DispatcherRig, person: Person, ago: timedelta) -> None:
    """The customer wrote last that long ago."""
    await rig.known()
    query = (
        "update dispatcher.conversations set window_opened_at = now() - $3::interval, last_customer_at = now() - $3::interval"
        " where account_id = $1 and customer_id = $2"
    )
    await rig.db.execute(query, person.account_id, person.customer_id, ago)


async def commented(rig: DispatcherRig, people: list[Person], ago: timedelta) -> list[str]:
    """Each has commented that long ago, which Meta has confirmed."""
    comments = [person.comment("How much is it?") for person in people]
    assert await rig.sim.settled()
    await rig.known()
    query = "update dispatcher.comments set seen_at = now() - $2::interval, created_at = now() - $2::interval where comment_id = any($1)"
    await rig.db.execute(query, comments, ago)
    return comments


def explained(outcome: Outcome) -> str:
    assert outcome.error is not None
    return str(outcome.error.explanation)


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
    until = soon(timedelta(seconds=20))
    requests = await asyncio.gather(
        *(rig.ask(person, f"crowded {n}", lane="bulk", expires_at=until) for n, person in enumerate(people))
    )
    await eventually_true(lambda: bulk_alone_waits(rig))
    outcomes = [await rig.final(request) for request in requests]

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
    later = soon(30 * HOUR)
    refused = await rig.final(await rig.ask(person, "too late", not_before=later))
    assert (refused.state, refused.reason, refused.seq) == ("refused", "window_closed", 2)
    assert refused.error is not None
    assert "not_before" in refused.error.explanation

    expiring = await rig.ask(person, "never", not_before=later, expires_at=rfc3339(utc_now()))
    assert (await rig.final(expiring)).reason == "expired"
    fine = await rig.ask(person, "tomorrow", not_before=soon(20 * HOUR))
    assert (await rig.until(fine, lambda outcome: outcome.seq == 1)).state == "accepted"
    assert rig.sim.books.posts("too late") == []


async def test_a_private_reply_is_not_scheduled_beyond_its_comments_time(rig: DispatcherRig) -> None:
    """Breaks when it waits for eight days to be refused."""
    person = rig.sim.customer(await rig.account())
    (comment,) = await commented(rig, [person], timedelta(0))
    to = Recipient(comment_id=comment)
    late = await rig.final(await rig.ask(person, "in eight days", recipient=to, not_before=soon(192 * HOUR)))
    assert (late.state, late.reason, late.seq) == ("refused", "comment_grant_used", 2)
    assert "not_before" in explained(late)
    fine = await rig.ask(person, "in six days", recipient=to, not_before=soon(144 * HOUR))
    assert (await rig.until(fine, lambda outcome: outcome.seq == 1)).state == "accepted"
    await rig.until_stored("select ahead from dispatcher.intents where request_id = $1", fine, False)
    assert rig.newest(fine).state == "accepted"


async def test_a_few_private_replies_are_a_crowd(rig: DispatcherRig) -> None:
    """30 an hour, four of them at once, then one in 133 s. Breaks when only a lane of hundreds is looked at, or the end of
    a comment's grant is nobody's: these are over in a minute, the others' own time ends.
    """
    shop = await rig.account(entry={"limits": {"private_replies_per_hour": 30}})
    people = [rig.sim.customer(shop) for _ in range(10)]
    old = await commented(rig, people[:6], 168 * HOUR - timedelta(seconds=150))
    young = await commented(rig, people[6:], HOUR)
    asked = await asyncio.gather(
        *(
            rig.ask(p, f"old {c}", recipient=Recipient(comment_id=c))
            for p, c in zip(people, old, strict=False)
        ),
    )
    until = soon(timedelta(seconds=100))
    last = await asyncio.gather(
        *(
            rig.ask(p, f"young {c}", recipient=Recipient(comment_id=c), expires_at=until)
            for p, c in zip(people[6:], young, strict=True)
        ),
    )
    ended = [await rig.final(request) for request in [*asked, *last]]
    assert [outcome.state for outcome in ended].count("sent") == 4
    over = [outcome for outcome in ended if outcome.state != "sent"]
    assert {(outcome.state, outcome.reason) for outcome in over} <= {
        ("refused", "comment_grant_used"),
        ("expired", "expired"),
    }
    assert all("s at the soonest" in explained(outcome) for outcome in over)
    assert len({outcome.reason for outcome in over}) == 2, "some of each"


async def test_what_ends_in_a_pause_is_refused_at_its_beginning(rig: DispatcherRig) -> None:
    """Meta has said how long; nothing ends that sooner (0044). Breaks when what ends meanwhile is told at the end of the
    pause, or what does not is refused, or the time is not named.
    """
    shop = await rig.account(human_agent=True)
    people = [rig.sim.customer(shop) for _ in range(4)]
    for person in people:
        person.write("Hello")
    assert await rig.sim.settled()
    until = await pause(rig, shop.account_id, 2 * HOUR)
    closing, old, young, behind = people
    await wrote(rig, closing, 23 * HOUR)
    await wrote(rig, old, 167 * HOUR)
    (comment,) = await commented(rig, [young], 167 * HOUR)

    refused = {
        await rig.ask(closing, "the window closes"): "window_closed",
        await rig.ask(old, "the tag ends", author=HUMAN): "window_closed",
        await rig.ask(young, "the grant ends", recipient=Recipient(comment_id=comment)): "comment_grant_used",
        await rig.ask(young, "expires", expires_at=soon(HOUR)): "expired",
        await rig.ask(
            young, "expires before its time", not_before=soon(HOUR), expires_at=soon(1.5 * HOUR)
        ): "expired",
    }
    kept = [
        await rig.ask(closing, "has the tag", author=HUMAN),
        await rig.ask(behind, "has a day", author=HUMAN),
        await rig.ask(young, "expires later", expires_at=soon(3 * HOUR)),
    ]
    refused[await rig.ask(behind, "expires behind another", expires_at=soon(HOUR))] = "expired"
    for request, reason in refused.items():
        outcome = await rig.final(request)
        assert outcome.reason == reason
        assert f"Meta has paused the account until {until}" in explained(outcome)
    for request in kept:
        assert (
            await rig.until(request, lambda outcome: outcome.state == "deferred")
        ).reason == "paused_by_platform"
    await pause(rig, shop.account_id, None)
    for request in kept:
        assert (await rig.final(request)).state == "sent"


async def test_a_person_without_the_tag_has_a_day(rig: DispatcherRig) -> None:
    """Breaks when people are never told, whatever their account may do."""
    person = await rig.customer(human_agent=False)
    await pause(rig, person.account_id, 2 * HOUR)
    await wrote(rig, person, 23 * HOUR)
    outcome = await rig.final(await rig.ask(person, "without the tag", author=HUMAN))
    assert (outcome.state, outcome.reason) == ("refused", "window_closed")


async def test_what_expires_behind_another_is_told_before(rig: DispatcherRig) -> None:
    """60 conversations, 2 a second: who stands behind the last of them waits half a minute. Breaks when only what is next
    in its conversation is looked at: it would be told when its turn comes, long after it has expired.
    """
    shop = await rig.account(entry={"limits": {"text_per_second": 2}})
    people = [rig.sim.customer(shop) for _ in range(60)]
    for person in people:
        person.write("Hello")
    assert await rig.sim.settled()
    heads = [await rig.ask(person, f"head {n}", lane="bulk") for n, person in enumerate(people)]
    until = soon(timedelta(seconds=12))
    behind = [
        await rig.ask(person, f"behind {n}", lane="bulk", expires_at=until) for n, person in enumerate(people)
    ]
    outcomes = [await rig.final(request, within=60) for request in behind]
    early = [outcome for outcome in outcomes if outcome.error and parse(outcome.decided_at) < parse(until)]
    assert len(early) >= 25
    assert {outcome.reason for outcome in early} == {"expired"}
    assert all("s at the soonest" in explained(outcome) for outcome in early)
    for request in heads:
        assert (await rig.final(request, within=60)).state == "sent"
