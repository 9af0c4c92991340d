"""A crash at any point between "unsend seen" and "closed" loses no duty."""

import signal
import uuid

import pytest
from compliance_rig import BOUND, SLACK, Rig
from happenings import event, message, record, registered, unsend, wish

from kaiwa.contracts import topics
from kaiwa.contracts.erasures import decode_erasure
from kaiwa.contracts.events import Kind
from kaiwa.devstack.segments import traces

AT_ONCE = (
    "compliance.recorded",
    "compliance.tombstones_sent",
    "compliance.order_sent",
    "compliance.receipt_sent",
    "compliance.sealed",
)
ON_REQUEST = ("compliance.requests_settled", "compliance.located")
AFTER_THE_BOUND = ("compliance.scanned", "compliance.verified")


async def withdrawn(rig: Rig) -> str:
    """An account that a hold keeps, and whose owner removed the app; killed while that is told."""
    shop, owner = (str(uuid.uuid4().int)[:16] for _ in range(2))
    await rig.write(registered(shop, owner))
    done = await rig.kaiwa("deletions", "hold", "--account", shop, "--reference", "case 7")
    assert done.returncode == 0, done.stderr
    service = rig.service(crash_at="compliance.withdrawal_sent")
    service.start()
    await rig.write(wish(Kind.APP_DEAUTHORIZED, owner, f"CODE{shop}"))
    assert await service.wait(SLACK) == -signal.SIGKILL
    return shop


@pytest.mark.timeout(300)
async def test_killed_at_each_point_it_loses_nothing(rig: Rig) -> None:
    """Broken by: committing offsets before the transaction; marking rows before Kafka acknowledged; the memory of what
    was unsent, or of what is owed, kept in the process.
    """
    text, customer = f"canary-{uuid.uuid4().hex}", uuid.uuid4().hex
    for point in AT_ONCE:
        service = rig.service(crash_at=point)
        service.start()
        mid = f"m_{uuid.uuid4().hex}"
        await rig.write(
            record(message(mid, text, customer=customer)),
            record(unsend(mid, customer=customer)),
            record(message(mid, text, customer=customer)),
        )
        assert await service.wait(SLACK) == -signal.SIGKILL, point
    for point in ON_REQUEST:
        service = rig.service(crash_at=point)
        service.start()
        shop, owner = (str(uuid.uuid4().int)[:16] for _ in range(2))
        await rig.write(
            registered(shop, owner),
            record(
                event(Kind.MESSAGE_RECEIVED, {"mid": f"m_{shop}", "text": text}, customer="c", account=shop)
            ),
        )
        await rig.write(wish(Kind.DELETION_REQUESTED, owner, f"CODE{shop}"))
        assert await service.wait(SLACK) == -signal.SIGKILL, point
    held = await withdrawn(rig)
    for point in AFTER_THE_BOUND:
        service = rig.service(crash_at=point)
        service.start()
        assert await service.wait(BOUND + SLACK) == -signal.SIGKILL, point
    service = rig.service(crash_at="compliance.closing_sent")
    service.start()
    await rig.ready(service)
    await rig.acknowledge()
    assert await service.wait(BOUND + SLACK) == -signal.SIGKILL

    service = rig.service()
    service.start()
    await rig.settled("closed", cases=len(AT_ONCE + ON_REQUEST), within=BOUND + SLACK)
    orders = [decode_erasure(value) for value in await rig.values(topics.ERASURES)]
    assert {order.account_id for order in orders if order.held} == {held}, (
        "and whoever has its tokens was told"
    )
    assert not any(text.encode() in value for value in await rig.values(topics.EVENTS))
    assert rig.stack.kafka is not None, "this test reads the broker's own files: let it start the broker"
    assert not traces(rig.stack.kafka.log_dir, topics.EVENTS, text.encode())
    verified = await rig.kaiwa("ledger", "verify")
    assert verified.returncode == 0, verified.stderr
    assert await service.terminate() == 0
