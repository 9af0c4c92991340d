"""What the Conversations API cannot return is named where a name is known (S23)."""

import json
import time

import pytest
from dispatcher_rig import DispatcherRig

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = 86_400.0


async def test_the_report_names_whom_it_cannot_tell_of(rig: DispatcherRig) -> None:
    """Four customers: heard, behind 20 newer messages of the shop, never wrote, and a request that was idle for 30 days.

    Broken by: a report that calls a thread empty whose beginning it did not see, or that forgets what was known before.
    """
    shop = await rig.account()
    heard, behind, silent, request = (rig.sim.customer(shop) for _ in range(4))
    request.write("Known from an event", at=time.time() - 31 * DAY)
    assert await rig.sim.settled()
    await rig.until_stored(
        "select count(*) from dispatcher.conversations where account_id = $1", shop.account_id, 1
    )
    rig.sim.fault("lose", account_id=shop.account_id, times=2)
    heard.write("Is it in stock?", at=time.time() - 60)
    behind.write("Is it in stock?", at=time.time() - 60)
    for n in range(20):
        behind.hear(f"We wrote {n}")
    silent.hear("We wrote first")
    assert await rig.sim.settled()

    for _ in range(2):  # a second run finds the same
        done = json.loads((await rig.kaiwa("conversations", "backfill", shop.account_id, "--json")).stdout)
        assert (done["threads"], done["heard"]) == (3, 1)
        assert done["gaps"] == {"behind": [behind.customer_id], "not_listed": [request.customer_id]}
    said = (await rig.kaiwa("conversations", "backfill", shop.account_id)).stdout
    for person, named in ((behind, True), (request, True), (heard, False), (silent, False)):
        assert (person.customer_id in said) is named
    assert "idle for 30 days" in " ".join(said.split())
