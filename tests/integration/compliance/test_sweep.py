"""Retention is kept: with 20 s nothing older than that and the bound is readable or on disk, whatever still arrives."""

import asyncio
import signal
import time
import uuid
from datetime import timedelta
from functools import partial

import pytest
from compliance_rig import BOUND, SLACK, Rig, until
from happenings import message, record

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.app import GROUP
from kaiwa.compliance.pace import Pace
from kaiwa.compliance.sweep import Sweeper
from kaiwa.contracts import topics
from kaiwa.devstack.segments import traces
from kaiwa.runtime.clock import utc_now
from kaiwa.store.pool import pool

RETENTION = 20
AHEAD = 600.0
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


@pytest.mark.timeout(180)
async def test_a_clock_that_jumped_ahead_sweeps_nothing(rig: Rig) -> None:
    """By the machine's clock, which is a minute ahead, the record is past retention. (A week ahead, nothing in the log is
    young enough to sweep up to.)

    Broken by: comparing the broker's times with our clock alone.
    """
    young = record(message("m_young", "canary", customer="c1"))
    await rig.write(young)
    service = rig.service()
    service.start()
    pace = Pace(rig.kafka, configured=BOUND)
    await pace.read()

    async def left() -> list[bytes | None]:
        records = read(rig.kafka, [topics.EVENTS], client_id="test")
        return [each.value async for each in records if each.key == young.key]

    async with pool(rig.dsn, application="test") as opened, Producer(rig.kafka, client_id="test") as producer:
        made = partial(Sweeper, opened, producer, rig.kafka, pace, group=GROUP)
        ahead = made(retention=AHEAD + 0.1, now=lambda: utc_now() + timedelta(seconds=AHEAD))
        right = made(retention=0.1)

        async def taken_in() -> bool:
            return bool(await opened.fetchval("select count(*) from compliance.places"))

        async def swept() -> bool:
            await right._turn()
            return await left() != [young.value]

        await until(taken_in, within=SLACK, what="the record taken in, so that it may be swept")
        turns = 0

        async def turned() -> bool:
            nonlocal turns
            await ahead._turn()
            turns += 1
            return turns > 50

        await until(turned, within=2 * SLACK, what="the clock that is ahead tried again and again")
        assert await left() == [young.value]
        await until(swept, within=SLACK, what="swept by a clock that is right, so the test could fail")
    assert await service.terminate() == 0
