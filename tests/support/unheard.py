"""Customers of whose messages nobody was told, as before the first day."""

import time

from dispatcher_rig import DispatcherRig

from kaiwa.simulator.model import Account
from kaiwa.simulator.simulator import Person

_HOUR = 3600.0


async def unheard(rig: DispatcherRig, shop: Account, *, hours_ago: float | None = 1) -> Person:
    """One whose message nobody was told of; or, without hours, one who never wrote."""
    person = rig.sim.customer(shop)
    if hours_ago is not None:
        rig.sim.fault("lose", account_id=shop.account_id, times=1)
        person.write("Is it in stock?", at=time.time() - hours_ago * _HOUR)
    assert await rig.sim.settled()
    return person
