"""What dies at Meta is noticed, held without loss, and comes back: by itself where Meta lets it, or by a person."""

import asyncio
import json

import pytest
from asking import WITHIN
from checking import check, ill, look_now, reopened, stored, until
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.simulator.actions import Revoke, Unsubscribe
from kaiwa.simulator.model import DAY, Account
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_login_that_ends_is_noticed_before_anything_is_sent(rig: DispatcherRig) -> None:
    """Promise 3 and 4. Broken by: a probe that posts, a queue that is lost, or a new token that wakes nobody."""
    person = await rig.customer()
    rig.sim.act(Revoke(account_id=person.account_id, subcode=460))
    await look_now(rig, person.account_id)
    await until(rig, "state", person.account_id, "needs_reauth")
    request = await rig.ask(person, "held", author=HUMAN)
    await rig.deferred(request, "account_paused")

    code, rows = await check(rig, person.account_id)
    assert code == 1
    assert {name for name, verdict in ill(rows).items() if verdict == "bad"} == {"state", "login"}
    assert "1 messages wait" in rows["state"][1]
    assert "190/460" in rows["login"][1]
    assert not [call for call in rig.sim.books.calls if call.account_id == person.account_id]

    account = await again(rig, person)
    assert (await rig.final(request)).state == "sent"
    assert len(rig.sim.books.posts("held")) == 1
    code, rows = await check(rig, account.account_id)
    assert (code, rows["login"][0], rows["state"][0]) == (0, "good", "good")


async def again(rig: DispatcherRig, person: Person) -> Account:
    """The owner logs in again: a new token at Meta and in the file."""
    old = rig.account_of(person.account_id)
    fields = {"account_id": old.account_id, "login": old.login, "page_id": old.page_id}
    account = rig.sim.account(**fields, username=old.username)
    rig.token_file(account.account_id).write_text(account.tokens["1001"])
    await rig.apply()
    return account


async def test_what_the_owner_switched_off_comes_back_by_itself(rig: DispatcherRig) -> None:
    """Broken by: an account that waits for a login which nobody needs."""
    person = await rig.customer()
    account = rig.account_of(person.account_id)
    reopened(rig, account, messages_allowed=False)
    request = await rig.ask(person, "patient", author=HUMAN)
    await rig.deferred(request, "account_paused")
    code, rows = await check(rig, person.account_id)
    assert {name for name, verdict in ill(rows).items() if verdict == "bad"} == {"state", "login"}
    assert code == 1
    assert "Message controls" in rows["login"][1]

    reopened(rig, account)
    await look_now(rig, person.account_id)
    assert (await rig.final(request)).state == "sent"


async def test_an_account_that_is_not_eligible_is_asked_again(rig: DispatcherRig) -> None:
    shop = await rig.account(eligible=False)
    await until(rig, "state", shop.account_id, "ineligible")
    assert await stored(rig, "probe_due > now() + interval '20 hours'", shop.account_id)
    code, rows = await check(rig, shop.account_id, "--stored")
    assert (code, rows["eligibility"][0]) == (1, "bad")
    reopened(rig, shop)
    code, rows = await check(rig, shop.account_id)
    assert (code, rows["eligibility"][0], await stored(rig, "state", shop.account_id)) == (
        0,
        "good",
        "active",
    )


async def test_a_token_of_instagram_login_is_refreshed_and_stays(rig: DispatcherRig) -> None:
    """Broken by: no refresh, a refreshed token that is thrown away, or `accounts apply` that puts the old one back."""
    person = await rig.customer(login="instagram")
    account_id = person.account_id
    token = rig.account_of(account_id).tokens["1001"]
    rig.sim.token(token).issued_at -= 2 * DAY
    await rig.db.execute(
        "update dispatcher.health set token_since = now() - interval '2 days', probe_due = now() where account_id = $1",
        account_id,
    )
    await until(rig, "token_expires_at > now() + interval '59 days'", account_id, value=True)
    rig.sim.token(token).dead = (190, 463)
    await rig.apply()  # the file still names the old one
    assert (await rig.final(await rig.ask(person, "with the new one", author=HUMAN))).state == "sent"
    code, rows = await check(rig, account_id)
    assert (code, rows["token"]) == (0, ("good", "59 days left"))
    assert token not in rig.log("dispatcher")


async def test_a_subscription_that_is_gone_is_made_again(rig: DispatcherRig) -> None:
    """Broken by: a loop that looks and does nothing: what customers write would be lost until somebody notices."""
    person = await rig.customer()
    await until(rig, "fields <> '{}'", person.account_id, value=True)
    rig.sim.act(Unsubscribe(account_id=person.account_id))
    person.write("nobody hears this")
    await look_now(rig, person.account_id)
    async with asyncio.timeout(WITHIN):
        while "subscription_was_gone" not in rig.log("dispatcher"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    await until(rig, "fields <> '{}'", person.account_id, value=True)
    person.write("heard again")
    assert await rig.sim.settled()
    heard = {event.text for event in rig.sim.books.events if event.account_id == person.account_id}
    assert ("nobody hears this" in heard, "heard again" in heard) == (False, True)


async def test_a_paused_account_sends_nothing_until_it_is_resumed(rig: DispatcherRig) -> None:
    """Promise 3 and 4. Broken by: a pause that only new requests see, or a resumption that wakes nobody, or twice."""
    person = await rig.customer()
    await rig.asked_about(person)
    account_id = person.account_id
    await rig.kaiwa("accounts", "pause", account_id)
    request = await rig.ask(person, "not now", author=HUMAN)
    await rig.deferred(request, "account_paused")
    code, rows = await check(rig, account_id, "--stored")
    assert (code, rows) == (0, {"state": ("warn", "paused by a person: nothing is sent; 1 messages wait")})
    assert not [call for call in rig.sim.books.calls if call.account_id == account_id]

    resumed = json.loads((await rig.kaiwa("accounts", "resume", account_id, "--json")).stdout)
    assert resumed["state"] == "ineligible"
    assert (await rig.final(request)).state == "sent"
    assert len([call for call in rig.sim.books.calls if call.account_id == account_id]) == 1
    again = json.loads((await rig.kaiwa("accounts", "resume", account_id, "--json")).stdout)
    assert (again["state"], await stored(rig, "state", account_id)) == (None, "active")


async def test_what_meta_restricts_can_not_be_paused_and_freed(rig: DispatcherRig) -> None:
    """Broken by: a pause that forgets the restriction, so that resuming lifts it; or a restriction that nobody can end."""
    shop = await rig.account()
    await rig.db.execute(
        "update dispatcher.accounts set state = 'restricted' where account_id = $1", shop.account_id
    )
    refused = await rig.kaiwa("accounts", "pause", shop.account_id, check=False)
    assert (refused.returncode, "restricted by Meta" in refused.stderr) == (1, True)
    kept = await rig.kaiwa("accounts", "resume", shop.account_id, check=False)
    assert (kept.returncode, "--lifted" in kept.stderr) == (1, True)
    assert await stored(rig, "state", shop.account_id) == "restricted"
    await rig.kaiwa("accounts", "resume", shop.account_id, "--lifted")
    await rig.until_stored(
        "select state from dispatcher.accounts where account_id = $1", shop.account_id, "active"
    )
    assert (await rig.kaiwa("accounts", "pause", "404", check=False)).returncode == 1


async def test_a_token_that_dies_under_a_message_in_doubt_is_noticed(rig: DispatcherRig) -> None:
    """The thread that would settle it cannot be read. Broken by: waiting for the next probe, three hours away, while
    everything else of the account is called with a dead token.
    """
    person = await rig.customer()
    await rig.asked_about(person)
    await rig.db.execute(
        "update dispatcher.health set probed_at = now() - interval '2 minutes' where account_id = $1",
        person.account_id,
    )
    rig.sim.fault("lose", marker="nobody knows", times=1)
    rig.sim.fault("reset", marker="nobody knows", times=1, when="before")
    request = await rig.ask(person, "nobody knows", author=HUMAN)
    await rig.until(request, lambda outcome: outcome.state == "in_doubt")
    rig.sim.act(Revoke(account_id=person.account_id, subcode=460))
    await until(rig, "state", person.account_id, "needs_reauth")
