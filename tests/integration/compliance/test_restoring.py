"""After a restore the memory of whom was erased comes back from the orders in Kafka."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from arrivals import arrived
from compliance_rig import BOUND, Rig
from happenings import ACCOUNT, message, record

from kaiwa.bus.records import Outgoing
from kaiwa.compliance.again import reapply
from kaiwa.compliance.core.erasure import customer_hash
from kaiwa.compliance.handlers import Intake
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Erasure, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.store.pool import pool

KEY = b"k" * 32
NOW = datetime.now(UTC)
CUTOFF = NOW + timedelta(hours=1)


def order(name: str, **fields: Any) -> Outgoing:
    made = Erasure(erasure_id=name, cutoff=rfc3339(CUTOFF), reason="operator", due_at=rfc3339(NOW), **fields)
    return Outgoing(topics.ERASURES, name.encode(), encode(made))


async def test_what_the_platform_delivers_again_after_a_restore_does_not_stay(rig: Rig) -> None:
    """One order was open and one closed when the database was lost, and nothing of either customer was there.

    Broken by: remembering those alone of whom something is there; taking withdrawn access for an erasure.
    """
    await rig.write(
        order("open", scope="customer", account_id=ACCOUNT, customer_id="c-open"),
        order(
            "closed", scope="customer", customer_hash=customer_hash(KEY, ACCOUNT, "c-closed"), state="closed"
        ),
        order("held", scope="account", account_id=ACCOUNT, state="closed", held=True),
    )
    bound = timedelta(seconds=BOUND)
    async with pool(rig.dsn, application="test") as found:
        told = await reapply(found, rig.kafka, [], key=KEY, bound=bound, run="run", now=NOW)
        assert (told.orders, told.taken_up, told.again) == (3, 1, ())
        assert not (await reapply(found, rig.kafka, [], key=KEY, bound=bound, run="run", now=NOW)).taken_up
        await found.execute("update compliance.cases set awaits_search = false")

        intake = Intake(found, key=KEY, bound=bound, wake=asyncio.Event())
        customers = ("c-open", "c-closed", "c-else")
        written = [record(message(f"m_{customer}", "t", customer=customer)) for customer in customers]
        await intake(cast("Any", [arrived(each, offset) for offset, each in enumerate(written)]))
        late = await found.fetch("select customer_id from compliance.cases where reason = 'late_copy'")
    assert {row["customer_id"] for row in late} == {"c-open", "c-closed"}
