"""Retention is kept: with 20 s nothing older than that and the bound is readable or on disk, whatever still arrives."""

import asyncio
import signal
import time
import uuid

import pytest
from compliance_rig import BOUND, SLACK, Rig, until
from happenings import message, record

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.devstack.segments import traces

RETENTION = 20
CONTENT = (topics.EVENTS, topics.QUARANTINE)


@pytest.mark.timeout(240)
async def test_nothing_is_older_than_retention_and_the_bound(rig: Rig) -> None:
    """Partitions stay in use all the time: Kafka's own retention never fires.

    Broken by: no sweep; a sweep of events alone; a sweep that starts again at its first position; no heartbeats.
    """
    kafka = rig.stack.kafka
    assert kafka is not None, "this test reads the broker's own files: let it start the broker"
    old, text = f"canary-{uuid.uuid4().hex}", uuid.uuid4().hex
    await rig.write(
        *(record(message(f"m_{number}", old, customer=f"c{number}")) for number in range(20)),
        Outgoing(topics.QUARANTINE, b"poison", f"junk {old}".encode()),
    )
    for topic in CONTENT:
        assert traces(kafka.log_dir, topic, old.encode()), "a blind scanner's word means nothing"
    written_at = time.monotonic()
    service = rig.service(crash_at="compliance.swept", KAIWA_COMPLIANCE__RETENTION=str(RETENTION))
    service.start()
    assert await service.wait(RETENTION + SLACK) == -signal.SIGKILL, "written, and not noted as swept"
    service = rig.service(KAIWA_COMPLIANCE__RETENTION=str(RETENTION))
    service.start()

    async def gone() -> bool:
        young = f"canary-{time.monotonic()}"
        await rig.write(record(message(young, text, customer="c1")))
        await asyncio.sleep(1)  # the traffic of somebody who writes now and then, not a wait for anything
        return not any(traces(kafka.log_dir, topic, old.encode()) for topic in CONTENT)

    await until(gone, within=RETENTION + BOUND + SLACK, what="the old ones gone from disk")
    took = time.monotonic() - written_at
    assert took >= RETENTION, "and not before their time"
    for topic in CONTENT:
        assert not any(old.encode() in value for value in await rig.values(topic))
    assert any(text.encode() in value for value in await rig.values(topics.EVENTS)), "the young ones stay"
    assert await service.terminate() == 0
