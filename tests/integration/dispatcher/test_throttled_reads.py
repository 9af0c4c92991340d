"""What Meta throttles is obeyed whichever call it was: reads, looks at routing, uploads, signs of presence, probes.

None of it is a failure of what was asked, so nothing is refused for it. That a paused account is left alone by all of
them is `test_paused_accounts.py`.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from dispatcher_rig import HUMAN, DispatcherRig
from pauses import asked, calm, deferred, paused, paused_or_ended, throttled, time_passes
from unheard import unheard

from kaiwa.contracts.sends import Media, Message, Recipient
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def calmly(rig: DispatcherRig) -> None:
    """Nobody is throttled at first."""
    await calm(rig)


async def window(rig: DispatcherRig) -> tuple[Person, dict[str, Any]]:
    """Nobody knows whether it is open: the thread is read."""
    return await unheard(rig, await rig.account()), {}


async def owner(rig: DispatcherRig) -> tuple[Person, dict[str, Any]]:
    """Another app had the thread an hour ago: Meta is asked whether it still has."""
    person = await rig.customer(default_app="1001")
    await rig.known()
    await rig.db.execute(
        "update dispatcher.conversations set control = 'other', control_at = now() - interval '1 hour'"
        " where account_id = $1",
        person.account_id,
    )
    return person, {}


async def comment(rig: DispatcherRig) -> tuple[Person, dict[str, Any]]:
    """It was delivered six days ago: its own time is read."""
    person = rig.sim.customer(await rig.account())
    made = person.comment("How much is it?")
    assert await rig.sim.settled()
    await rig.known()
    await rig.db.execute(
        "update dispatcher.comments set seen_at = now() - interval '6 days' where account_id = $1",
        person.account_id,
    )
    return person, {"recipient": Recipient(comment_id=made)}


TRIES = """
select (select sum(look_failures + owner_failures) from dispatcher.conversations where account_id = $1)
    + (select coalesce(sum(look_failures), 0) from dispatcher.comments where account_id = $1)
"""


@pytest.mark.parametrize(
    ("waits_for", "marker", "code", "subcode"),
    [
        (window, "user_id=", 613, 2534040),
        (window, "user_id=", 80002, None),
        (window, "user_id=", 4, None),
        (window, "user_id=", 32, None),
        (owner, "thread_owner", 80006, None),
        (comment, "fields=timestamp", 17, None),
    ],
)
async def test_a_throttled_reading_pauses_the_account_and_refuses_nobody(
    rig: DispatcherRig,
    waits_for: Callable[[DispatcherRig], Awaitable[tuple[Person, dict[str, Any]]]],
    marker: str,
    code: int,
    subcode: int | None,
) -> None:
    """Promise 5. Breaks when the answer is a reading that failed (it is made again within seconds, and spends a try),
    or when nobody is told what is being waited for.
    """
    person, more = await waits_for(rig)
    await rig.asked_about(person)
    throttled(rig, person, marker, code, subcode)
    request = await rig.ask(person, f"after the pause {code}", author=HUMAN, **more)
    assert 40 < await paused(rig, person.account_id) <= 60
    before = asked(rig, person.account_id)
    await deferred(rig, request)
    assert await rig.db.fetchval(TRIES, person.account_id) == 0
    assert asked(rig, person.account_id) == before

    await time_passes(rig, person.account_id)
    assert (await rig.final(request)).state == "sent"
    assert len(rig.sim.books.posts(f"after the pause {code}")) == 1
    assert {told.state for told in rig.outcomes[request]} == {"accepted", "deferred", "sent"}


async def test_who_was_told_of_stale_knowledge_is_told_of_the_pause(rig: DispatcherRig) -> None:
    """The reading takes long, and is then throttled. Breaks when only those who were told nothing yet are told."""
    shop = await rig.account(entry={"limits": {"conversations_per_second": 0.1}})
    person = await unheard(rig, shop)
    await rig.asked_about(person)
    request = await rig.ask(person, "slowly", author=HUMAN)
    assert (await rig.until(request, lambda o: o.state == "deferred")).reason == "state_stale"
    await rig.db.execute(
        "update dispatcher.accounts set paused_until = now() + interval '1 hour' where account_id = $1",
        shop.account_id,
    )
    assert (await rig.until(request, lambda o: o.seq > 2)).reason == "paused_by_platform"


async def test_a_message_in_doubt_stays_so_until_its_thread_may_be_read(rig: DispatcherRig) -> None:
    """Promise 3: Meta answered with an error and sent it all the same; its bound is over. Breaks when a throttled reading
    is a vain one, after which such a message counts as not sent.
    """
    person = await rig.customer()
    await rig.asked_about(person)
    rig.sim.fault("error", marker="doubted", account_id=person.account_id, when="after", code=2)
    rig.sim.fault("lose", marker="doubted", account_id=person.account_id)
    throttled(rig, person, "user_id=", 613)
    request = await rig.ask(person, "doubted", author=HUMAN)
    await rig.until(request, lambda outcome: outcome.state == "in_doubt")
    await rig.db.execute(
        "update dispatcher.intents set doubt_since = now() - interval '1 hour' where request_id = $1", request
    )
    assert 40 < await paused(rig, person.account_id) <= 60
    assert rig.newest(request).state == "in_doubt"
    await time_passes(rig, person.account_id)
    outcome = await rig.final(request)
    assert (outcome.state, outcome.evidence) == ("sent", "thread")
    assert len(rig.sim.books.posts("doubted")) == 1


async def test_headers_on_a_read_slow_the_accounts_sends_down(rig: DispatcherRig) -> None:
    """At 95 % of the budget a quarter of the limit is left. Breaks when the headers of reads are not heard."""
    shop = await rig.account(entry={"limits": {"text_per_second": 40}})
    people = [rig.sim.customer(shop) for _ in range(30)]
    for person in people:
        person.write("Hello")
    assert await rig.sim.settled()
    await rig.known()
    await rig.asked_about(people[0])
    rig.sim.fault("usage", kind="read", marker="user_id=", account_id=shop.account_id, usage=95)
    rig.sim.fault("usage", marker="slower", account_id=shop.account_id, times=None, usage=95)
    await rig.db.execute(
        "update dispatcher.conversations set look_due = now() where customer_id = $1", people[0].customer_id
    )
    heard = "select percent from dispatcher.throttles where scope = 'account' and id = $1"
    await rig.until_stored(heard, shop.account_id, 95)

    requests = [await rig.ask(person, f"slower {n}", author=HUMAN) for n, person in enumerate(people)]
    for request in requests:
        assert (await rig.final(request)).state == "sent"
    assert rig.sim.books.peak(shop.account_id) <= 40 * 0.33 + 1


async def test_a_full_budget_on_a_read_is_a_pause_and_the_reading_counts(rig: DispatcherRig) -> None:
    """For as long as its headers say. Breaks when what was read is thrown away, or the unit is seconds."""
    person = await unheard(rig, await rig.account())
    await rig.asked_about(person)
    rig.sim.fault(
        "usage", kind="read", marker="user_id=", account_id=person.account_id, usage=100, regain_minutes=2
    )
    request = await rig.ask(person, "read and paused", author=HUMAN)
    assert 90 < await paused(rig, person.account_id) <= 120
    await deferred(rig, request)
    known = "select window_opened_at is not null from dispatcher.conversations where account_id = $1"
    assert await rig.db.fetchval(known, person.account_id)
    await time_passes(rig, person.account_id)
    assert (await rig.final(request)).state == "sent"


async def test_a_throttled_upload_waits_with_its_message(rig: DispatcherRig) -> None:
    """Breaks when it counts as refused (its message would go by its address), or goes on during the pause."""
    person = await rig.customer()
    rig.sim.fault("error", when="before", kind="upload", account_id=person.account_id, code=80006)
    images = tuple(Media(url=f"https://shop.example/{n}.png", reusable=True) for n in range(2))
    request = await rig.ask(person, message=Message(images=images), author=HUMAN)
    assert 40 < await paused(rig, person.account_id) <= 60
    await deferred(rig, request)
    kinds = [call.kind for call in rig.sim.books.calls if call.account_id == person.account_id]
    assert kinds == ["upload"]
    await time_passes(rig, person.account_id)
    assert (await rig.final(request)).state == "sent"
    kinds = [call.kind for call in rig.sim.books.calls if call.account_id == person.account_id]
    assert kinds == ["upload", "upload", "upload", "media"]


async def test_a_throttled_sign_of_presence_holds_its_message_back(rig: DispatcherRig) -> None:
    """Breaks when the other sign, or the message itself, is called all the same."""
    for n in range(10):
        person = await rig.customer(entry={"presence": "typing"})
        rig.sim.fault("error", when="before", kind="action", account_id=person.account_id, code=613)
        request = await rig.ask(person, f"announced {n}")
        told = await rig.until(request, paused_or_ended)
        if told.state == "sent":
            continue  # a busy machine let the sign's slot pass, which is then left out
        assert (told.state, told.reason) == ("deferred", "paused_by_platform")
        (call,) = (call for call in rig.sim.books.calls if call.account_id == person.account_id)
        assert call.body["sender_action"] == "mark_seen"
        await time_passes(rig, person.account_id)
        assert (await rig.final(request)).state == "sent"
        assert {told.state for told in rig.outcomes[request]} == {"accepted", "deferred", "sent"}
        return
    pytest.fail("no reply of ten was announced")


async def test_a_throttled_probe_says_nothing_about_the_account(rig: DispatcherRig) -> None:
    """Breaks when the other questions are asked all the same, or when it is one that nobody answered, after which the
    next probe waits for longer and longer.
    """
    person = await rig.customer(login="instagram")
    await rig.asked_about(person)
    for marker in ("/conversations", "/subscribed_apps"):
        throttled(rig, person, marker, 17)
    before = asked(rig, person.account_id)
    await rig.db.execute(
        "update dispatcher.health set probe_due = now() where account_id = $1", person.account_id
    )
    await paused(rig, person.account_id)
    assert asked(rig, person.account_id) == [*before, "me/conversations"]
    known = "select failures = 0 and probe_due < now() + interval '2 minutes' from dispatcher.health where account_id = $1"
    assert await rig.db.fetchval(known, person.account_id)
