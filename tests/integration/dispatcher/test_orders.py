"""Orders about one message and about a whole account: what they take, and what a hold keeps."""

import pytest
from conditions import eventually
from dispatcher_rig import HUMAN, DispatcherRig
from orders import later, order, receipt, sealed

from kaiwa.bus.reader import read
from kaiwa.contracts import topics
from kaiwa.contracts.accounts import decode as decode_account

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_unsend_of_ours_takes_its_content(rig: DispatcherRig) -> None:
    person = await rig.customer()
    request = await rig.ask(person, "taken back", author=HUMAN)
    mid = (await rig.final(request)).parts[0].mid
    assert await sealed(rig, request)

    done = await receipt(rig, await order(rig, person, "message", mids=(mid,)))

    assert (done.status, done.count) == ("done", 1)
    assert await sealed(rig, request) == []
    again = await receipt(rig, await order(rig, person, "message", mids=(mid,)))
    assert (again.status, again.count) == ("nothing_found", 0)
    after = await rig.final(await rig.ask(person, "said instead", author=HUMAN))
    assert after.state == "sent", "one message was erased, not the customer"


async def test_a_deauthorised_account_forgets_its_token_and_stops(rig: DispatcherRig) -> None:
    """Breaks when the order leaves the token, or when anything is still called with it."""
    person = await rig.customer()
    pending = await rig.ask(person, "too late for this", author=HUMAN, not_before=later(hours=1))
    await eventually(lambda: pending in rig.outcomes)

    await receipt(rig, await order(rig, person, "account", reason="deauthorised"))

    assert (await rig.final(pending)).reason == "recipient_erased"
    row = await rig.db.fetchrow(
        "select state, sealed_token from dispatcher.accounts where account_id = $1", person.account_id
    )
    assert row
    assert (row["state"], row["sealed_token"]) == ("needs_reauth", b"")
    await rig.drained()
    told = [r async for r in read(rig.kafka, [topics.ACCOUNTS], client_id="test")]
    states = [decode_account(r.value).state for r in told if r.value and r.key == person.account_id.encode()]
    assert states[-1] == "needs_reauth"

    person.write("Hello again")
    assert await rig.sim.settled()
    waiting = await rig.ask(person, "nobody hears", author=HUMAN)
    await rig.deferred(waiting, "account_paused")
    await rig.apply()
    assert (await rig.final(waiting)).state == "sent"


async def test_a_hold_keeps_what_was_written_and_no_token(rig: DispatcherRig) -> None:
    """A deauthorisation that a hold refused. Breaks when the token stays, when content goes, or a receipt is given."""
    person = await rig.customer()
    pending = await rig.ask(person, "kept for the court", author=HUMAN, not_before=later(hours=1))
    await eventually(lambda: pending in rig.outcomes)
    told = await order(rig, person, "account", reason="deauthorised", state="closed", held=True)

    token = "select sealed_token from dispatcher.accounts where account_id = $1"
    await rig.until_stored(token, person.account_id, b"")
    kept = "select count(*) from dispatcher.contents join dispatcher.intents using (intent_id) where request_id = $1"
    assert await rig.db.fetchval(kept, pending) == 1
    assert rig.newest(pending).state != "refused"
    await rig.drained()
    receipts = [r.key async for r in read(rig.kafka, [topics.RECEIPTS], client_id="test")]
    assert f"{told}:dispatcher".encode() not in receipts
