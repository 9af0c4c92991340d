"""Three brokers, as in production: ingest goes on when the leader of its partitions dies."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import ACCOUNT
from doors import Door
from pressure import Load, mids, under_load

from kaiwa.devstack import artifacts
from kaiwa.devstack.kafka import Kafka
from kaiwa.devstack.processes import Keeper


@pytest.fixture
def nodes() -> Iterator[tuple[Keeper, list[Kafka], str]]:
    """Three brokers with all topics, each on all of them, and where they are."""
    with Keeper() as keeper:
        started = Kafka.replicated(keeper, artifacts.ensure())
        servers = ",".join(node.bootstrap_servers for node in started)
        subprocess.run(
            [Path(sys.executable).with_name("kaiwa"), "topics", "apply", "--json"],
            env={**os.environ, "KAIWA_KAFKA__BOOTSTRAP_SERVERS": servers},
            check=True,
            capture_output=True,
        )
        yield keeper, started, servers


@pytest.mark.timeout(400)
async def test_nothing_acknowledged_is_lost_when_a_leader_dies_under_load(
    nodes: tuple[Keeper, list[Kafka], str], tmp_path: Path
) -> None:
    """Each broker leads a third of the partitions; each is killed in its turn. Broken by acks of the leader alone,
    or by a producer that never hears of the new one.
    """
    keeper, started, servers = nodes
    async with Door.opened(keeper, servers, tmp_path) as door:
        await door.until_connected()
        load = Load(door, ACCOUNT)

        async def scenario() -> None:
            for node in started:
                await load.more(40, 200)
                await asyncio.to_thread(node.stop, kill=True)
                await load.more(40, 200)
                await asyncio.to_thread(node.start)

        await under_load(load, scenario())
    assert load.answers.keys() <= {200, 503}
    assert load.acknowledged - await mids(servers, ACCOUNT) == set()
