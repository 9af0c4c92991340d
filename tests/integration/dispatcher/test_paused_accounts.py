"""While Meta has an account or its app paused, nothing is asked about it: by no loop, by no command, in no process."""

import pytest
import pytest_asyncio
from conditions import eventually
from dispatcher_rig import HUMAN, DispatcherRig
from logging_in import newcomer, verdicts, visit
from pauses import asked, calm, deferred, paused, throttled

from kaiwa.simulator.model import Account
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

OVER = "update dispatcher.accounts set paused_until = null where account_id = $1"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def calmly(rig: DispatcherRig) -> None:
    """Nobody is throttled at first."""
    await calm(rig)


AGO = "now() - interval '1 minute'"
ASKED = (
    f"update dispatcher.conversations set look_due = {AGO}, owner_due = {AGO} where account_id = $1",
    f"update dispatcher.comments set look_due = {AGO} where account_id = $1",
    f"update dispatcher.accounts set routing_due = {AGO} where account_id = $1",
    f"update dispatcher.health set probe_due = {AGO} where account_id = $1",
)
BACKFILL = (
    f"insert into dispatcher.backfills (account_id, wanted_at) values ($1, {AGO})",
)  # learns the same


async def two(rig: DispatcherRig, due: tuple[str, ...]) -> tuple[Person, Person]:
    """One of a paused account, one of another: of both this is due, and a message is in doubt."""
    resting, busy = await rig.customer(), await rig.customer()
    await rig.asked_about(resting, busy)
    for person in (resting, busy):
        seen = "select routing_due > now() + interval '1 hour' from dispatcher.accounts where account_id = $1"
        await rig.until_stored(seen, person.account_id, value=True)
        person.comment("How much is it?")
        for effect, more in (("reset", {"when": "after"}), ("lose", {})):
            rig.sim.fault(effect, marker="in doubt", account_id=person.account_id, **more)
    assert await rig.sim.settled()
    await rig.known()
    doubted = [await rig.ask(person, "in doubt", author=HUMAN) for person in (resting, busy)]
    for request in doubted:
        await rig.until(request, lambda outcome: outcome.state == "in_doubt")
    await rig.db.execute(
        "update dispatcher.accounts set paused_until = now() + interval '1 hour' where account_id = $1",
        resting.account_id,
    )
    for person in (resting, busy):
        for change in due:
            await rig.db.execute(change, person.account_id)
    return resting, busy


LEFT = """
select (select count(*) from dispatcher.conversations where account_id = $1 and look_due is not null)
    + (select count(*) from dispatcher.conversations where account_id = $1 and owner_due is not null)
    + (select count(*) from dispatcher.comments where account_id = $1 and look_due is not null)
    + (select count(*) from dispatcher.accounts where account_id = $1 and routing_due < now() + interval '1 hour')
    + (select count(*) from dispatcher.health where account_id = $1 and probe_due < now() + interval '1 hour')
    + (select count(*) from dispatcher.backfills where account_id = $1 and wanted_at is not null)
    + (select count(*) from dispatcher.intents where account_id = $1 and state = 'in_doubt')
"""


@pytest.mark.parametrize("due", [ASKED, BACKFILL], ids=["asked", "backfill"])
async def test_a_paused_account_is_left_alone_until_the_end(rig: DispatcherRig, due: tuple[str, ...]) -> None:
    """Calls made while throttled prolong the block (platform.md 4.3). Breaks when any loop takes up what is due of a
    paused account, which it then also keeps from being done when the pause ends.
    """
    resting, busy = await two(rig, due)
    before = asked(rig, resting.account_id)
    await rig.until_stored(LEFT, busy.account_id, 0)
    assert asked(rig, resting.account_id) == before
    await rig.db.execute(OVER, resting.account_id)
    await rig.until_stored(LEFT, resting.account_id, 0)


async def commands(rig: DispatcherRig, shop: Account) -> list[tuple[int, str]]:
    """What each command that asks Meta about an account says."""
    done = [
        await rig.kaiwa(*words, shop.account_id, check=False)
        for words in (("conversations", "backfill"), ("accounts", "check"), ("profile", "show"))
    ]
    return [(each.returncode, each.stderr) for each in done]


async def test_commands_hear_and_obey_it_too(rig: DispatcherRig) -> None:
    """They are processes of their own. Breaks when they call without a guard, or keep what they hear to themselves."""
    person = await rig.customer()
    await rig.asked_about(person)
    shop = rig.account_of(person.account_id)
    throttled(rig, person, "/conversations", 80002)
    code, said = (await commands(rig, shop))[0]
    assert (code, f"accounts check {shop.account_id}" in said) == (3, True)
    assert 30 < await paused(rig, shop.account_id) <= 60
    before = asked(rig, shop.account_id)
    assert [code for code, _ in await commands(rig, shop)] == [3, 3, 3]
    assert asked(rig, shop.account_id) == before
    await deferred(rig, await rig.ask(person, "in the pause", author=HUMAN))


async def test_a_login_during_the_apps_pause_is_finished_when_that_ends(rig: DispatcherRig) -> None:
    """Breaks when Meta is asked about the newcomer at once, or when nobody asks and subscribes afterwards."""
    await rig.db.execute(
        "insert into dispatcher.throttles (scope, id, resumes_at)"
        " values ('app', '1001', now() + interval '1 hour')"
    )
    shop, owner = newcomer(rig, "instagram")
    at = await visit(rig, "instagram")
    await at.log_in(owner)
    _, came, _ = await at.ended()
    assert (came["state"], verdicts(came)["messaging"]) == ("ineligible", "unknown")
    assert "me/conversations" not in asked(rig, shop.account_id)
    assert not rig.sim.subscribed(shop)

    await rig.db.execute(OVER, shop.account_id)
    await rig.until_stored(
        "select state from dispatcher.accounts where account_id = $1", shop.account_id, "active"
    )
    await eventually(lambda: bool(rig.sim.subscribed(shop)), within=20)
