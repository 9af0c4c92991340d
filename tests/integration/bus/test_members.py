"""Members of a group on a real Kafka: they stop in time, and die without losing anything."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from batch_group import Handler, Place, a_group, committed, fill
from conditions import eventually
from kafka_records import new_topic

from kaiwa.bus.batches import Batches
from kaiwa.bus.records import Record
from kaiwa.runtime.settings import Kafka

MEMBER = Path(__file__).parents[2] / "support" / "bus_member.py"


async def test_a_stop_finishes_the_batch_in_hand(kafka: Kafka) -> None:
    topic, group, begun, go_on = await new_topic(kafka), a_group(), asyncio.Event(), asyncio.Event()

    async def handle(_: Sequence[Record]) -> None:
        begun.set()
        await go_on.wait()

    await fill(kafka, topic, partitions=1, each=10)
    batches = Batches(kafka, [topic], group=group, handle=handle, max_records=10)
    await batches.start()
    await begun.wait()
    stopping = asyncio.create_task(batches.stop())
    go_on.set()
    await stopping
    assert await committed(kafka, group, topic, 1) == [10]


async def test_a_stop_waits_for_no_other_member(kafka: Kafka) -> None:
    """Breaks if a stop lets aiokafka finish its JoinGroup, which the broker answers once every member has asked too."""
    topic, group, asked, go_on = await new_topic(kafka), a_group(), asyncio.Event(), asyncio.Event()

    class Slow(ConsumerRebalanceListener):
        async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
            if revoked:
                asked.set()
                await go_on.wait()

        async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
            pass

    options = {"bootstrap_servers": kafka.bootstrap_servers, "enable_auto_commit": False}
    other = AIOKafkaConsumer(group_id=group, heartbeat_interval_ms=200, **options)
    other.subscribe([topic], listener=Slow())
    await other.start()
    try:
        await eventually(lambda: other.assignment() != set())
        batches = Batches(kafka, [topic], group=group, handle=Handler())
        await batches.start()
        await asked.wait()
        began = time.monotonic()
        await batches.stop()
        assert time.monotonic() - began < 12  # of 15 seconds that a member may take to join
    finally:
        go_on.set()
        await other.stop()


async def test_killed_members_lose_nothing(kafka: Kafka, tmp_path: Path) -> None:
    """Breaks if offsets are committed before the batch is handled: what a killed member had in hand is then lost."""
    topic, group, file = await new_topic(kafka, partitions=4), a_group(), tmp_path / "handled"
    expected = await fill(kafka, topic, partitions=4, each=1500)
    file.touch()

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, MEMBER, kafka.bootstrap_servers, topic, group, file])

    def handled() -> set[Place]:
        lines = file.read_text().splitlines()
        return {(int(partition), int(offset)) for partition, offset in map(str.split, lines)}

    def reached(share: float) -> bool:
        return len(handled()) >= share * len(expected)

    members = [start(), start()]
    try:
        for share in (0.2, 0.5):
            await eventually(partial(reached, share), within=40)
            victim = members.pop(0)
            victim.kill()
            victim.wait()
            members.append(start())
        await eventually(lambda: handled() == expected, within=60)
    finally:
        for member in members:
            member.kill()
            member.wait()
