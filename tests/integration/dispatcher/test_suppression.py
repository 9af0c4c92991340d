"""What the platform's refusals teach: whom not to call, which thread is another app's, which account has to wait; each
with its effect on what is queued, and the way back.
"""

import json
from typing import Any

import msgspec
import pytest
from asking import WITHIN
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.events import Event, encode
from kaiwa.contracts.times import from_ms, rfc3339
from kaiwa.simulator.simulator import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


def calls(rig: DispatcherRig, person: Person) -> int:
    return len([call for call in rig.sim.books.calls if call.account_id == person.account_id])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 551, "subcode": 1545041}, "recipient_unavailable"),
        ({"code": 10, "subcode": 2018108}, "recipient_unavailable"),
        ({"code": 2018300}, "not_owner"),
        ({"code": 100, "subcode": 2534037}, "not_owner"),
    ],
)
async def test_a_conversation_rests_until_the_customer_writes(
    rig: DispatcherRig, error: dict[str, Any], reason: str
) -> None:
    """Promise 4. Breaks when `endings.failed` learns nothing (the second request is posted, too), or when the
    customer's next message does not lift it.
    """
    person = await rig.customer()
    await rig.asked_about(person)
    rig.sim.fault("error", when="before", times=1, account_id=person.account_id, **error)
    first = await rig.final(await rig.ask(person, "unheard", author=HUMAN))
    second = await rig.final(await rig.ask(person, "not even called", author=HUMAN))

    assert (first.state, first.reason) == ("failed", reason)
    assert first.error is not None
    assert first.error.code == error["code"]
    assert (second.state, second.reason) == ("refused", reason)
    assert calls(rig, person) == 1

    person.write("I am back")
    assert await rig.sim.settled()
    assert (await rig.final(await rig.ask(person, "welcome", author=HUMAN))).state == "sent"


async def state(rig: DispatcherRig, person: Person) -> str:
    listed = json.loads((await rig.kaiwa("accounts", "list", "--json")).stdout)
    return next(str(row["state"]) for row in listed if row["account_id"] == person.account_id)


@pytest.mark.parametrize(
    ("error", "left_in"),
    [
        ({"code": 190, "subcode": 463}, "needs_reauth"),
        ({"code": 368}, "restricted"),
        ({"code": 10, "subcode": 1893063}, "restricted"),
    ],
)
async def test_an_account_that_may_not_send_keeps_its_queue_until_it_may(
    rig: DispatcherRig, error: dict[str, Any], left_in: str
) -> None:
    """Breaks when the message that met the refusal is lost, when others are posted meanwhile, or when what is queued
    is not woken by `kaiwa accounts apply`: it would wait five minutes for its next look.
    """
    person = await rig.customer()
    await rig.asked_about(person)
    rig.sim.fault("error", when="before", times=1, account_id=person.account_id, **error)
    requests = [await rig.ask(person, "kept 1", author=HUMAN)]
    await rig.deferred(requests[0], "account_paused")
    requests.append(await rig.ask(person, "kept 2", author=HUMAN))
    await rig.until(requests[1], lambda outcome: outcome.state in {"accepted", "deferred"})

    assert {rig.newest(request).reason for request in requests} <= {"account_paused", None}
    assert await state(rig, person) == left_in
    assert calls(rig, person) == 1

    await rig.account()  # the registry is applied again, this account as it was
    assert [(await rig.final(request)).state for request in requests] == ["sent", "sent"]
    assert await state(rig, person) == "active"


async def test_an_account_without_the_api_refuses_until_it_has_it(rig: DispatcherRig) -> None:
    person = await rig.customer()
    await rig.asked_about(person)
    rig.sim.fault("error", when="before", times=1, account_id=person.account_id, code=36103)
    met = await rig.final(await rig.ask(person, "met it", author=HUMAN))
    then = await rig.final(await rig.ask(person, "not posted", author=HUMAN))

    assert (met.state, then.state, then.reason) == ("failed", "refused", "account_paused")
    assert (await state(rig, person), calls(rig, person)) == ("ineligible", 1)
    await rig.account()
    assert (await rig.final(await rig.ask(person, "eligible now", author=HUMAN))).state == "sent"


async def enforced(rig: DispatcherRig, person: Person, action: str, at: int) -> None:
    """What ingest makes of Meta's policy enforcement, `at` in ms since 1970."""
    event = Event(
        id=ids.random(),
        kind="policy.enforced",
        app_id="1001",
        account_id=person.account_id,
        customer_id=None,
        occurred_at=rfc3339(from_ms(at)),
        time_source="event",
        received_at=rfc3339(from_ms(at)),
        stream="messaging",
        data=msgspec.Raw(msgspec.json.encode({"action": action, "reason": "spam"})),
    )
    record = Outgoing(topics.EVENTS, event.id.encode(), encode(event), partition=0)
    await rig.producer.publish([record], within=WITHIN)


async def test_meta_blocks_an_account_and_lets_it_go(rig: DispatcherRig) -> None:
    """Breaks when an enforcement is not read, when an older one that comes late wins, or when nothing wakes the queue."""
    person = await rig.customer()
    now = round(rig.sim.clock.now() * 1000)
    await enforced(rig, person, "block", now)
    await enforced(rig, person, "unblock", now - 1000)
    account = "select state from dispatcher.accounts where account_id = $1"
    await rig.until_stored(account, person.account_id, "restricted")

    request = await rig.ask(person, "patient", author=HUMAN)
    await rig.deferred(request, "account_paused")
    await enforced(rig, person, "unblock", now + 1000)
    assert (await rig.final(request)).state == "sent"
