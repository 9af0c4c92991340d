"""Deleted is deleted on every replica: three brokers, one of which is away while its leadership moves."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from compliance_rig import BOUND, SLACK, Rig
from happenings import PARTITIONS, message, record, unsend

from kaiwa.bus.cluster import cluster
from kaiwa.contracts import topics
from kaiwa.devstack import artifacts
from kaiwa.devstack.kafka import Kafka
from kaiwa.devstack.postgres import Postgres
from kaiwa.devstack.processes import Keeper
from kaiwa.devstack.segments import traces
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.errors import DependencyError

CANARY = "canary-of-three-replicas"


@pytest.fixture
def brokers() -> Iterator[tuple[Stack, list[Kafka]]]:
    jars = artifacts.ensure()
    with Keeper() as keeper:
        started = Kafka.replicated(keeper, jars)
        servers = ",".join(broker.bootstrap_servers for broker in started)
        postgres = Postgres.launched(keeper)
        yield Stack(servers, postgres.dsn, keeper, None, postgres), started


async def leader_of(rig: Rig, partition: int) -> int:
    """The node that leads a partition of events; -1 while there is none, or a node is asked that has just left."""
    try:
        async with cluster(rig.kafka) as found:
            described = await found._admin.describe_topics([topics.EVENTS])
    except DependencyError:
        return -1
    return next(int(each["leader"]) for each in described[0]["partitions"] if each["partition"] == partition)


@pytest.mark.timeout(400)
async def test_a_replica_that_was_away_deletes_too(
    brokers: tuple[Stack, list[Kafka]], tmp_path: Path
) -> None:
    """The leader of the message's partition is killed with the message on its disk; another one leads while the message
    is unsent; then the old leader comes back.

    Broken by: replication below three (nothing moves); tombstones or heartbeats to the former leader only.
    """
    stack, nodes = brokers
    rig = Rig(stack, stack.create_database("replicas"), tmp_path)
    for words in (["topics", "apply", "--partitions", str(PARTITIONS)], ["db", "migrate"]):
        done = await rig.kaiwa(*words)
        assert done.returncode == 0, done.stderr
    written = record(message("m_1", CANARY, customer="c"))
    await rig.write(written)

    def on_disk() -> set[int]:
        seen = enumerate(nodes, start=1)
        return {n for n, node in seen if traces(node.log_dir, topics.EVENTS, CANARY.encode())}

    deadline = time.monotonic() + SLACK
    while len(on_disk()) < len(nodes):
        assert time.monotonic() < deadline, "every replica has it"
        await asyncio.sleep(0.1)
    service = rig.service()
    service.start()
    await service.wait_ready(rig.url, timeout=2 * SLACK)

    old = await leader_of(rig, written.partition or 0)
    await asyncio.to_thread(nodes[old - 1].stop, kill=True)
    deadline = time.monotonic() + SLACK
    while await leader_of(rig, written.partition or 0) in {old, -1}:
        assert time.monotonic() < deadline, "another node leads"
    await rig.write(record(unsend("m_1", customer="c")))
    await rig.settled("tombstoned", cases=1, within=SLACK)
    assert old in on_disk(), "the replica that is away has its copy: nobody can take it from there"
    await asyncio.to_thread(nodes[old - 1].start)

    deadline = time.monotonic() + 2 * BOUND + 2 * SLACK
    while left := on_disk():
        assert time.monotonic() < deadline, f"still on node {left}"
        await asyncio.sleep(0.5)
    await rig.settled("verified", cases=1, within=2 * BOUND + SLACK)
    assert await service.terminate() == 0
