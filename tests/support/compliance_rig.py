"""The compliance service as a process on a real Kafka and PostgreSQL, and what a test asks of it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from happenings import ACCOUNT, PARTITIONS

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.cases import open_case
from kaiwa.compliance.core.erasure import Case, Subject
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Checkpoint, Receipt, decode_checkpoint, decode_erasure, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.heap import files_with
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.postgres import Postgres
from kaiwa.devstack.processes import Process
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.keys import generate
from kaiwa.runtime.settings import Kafka

BOUND = 30
"""Of ``kaiwa topics apply --dev``, in seconds."""

SLACK = 30
"""Seconds beyond that for starting, reading, and a machine that is busy with other things."""

WITHIN = 30.0
"""Seconds for Kafka to acknowledge what a test writes."""


@dataclass
class Rig:
    """One database, one set of keys, and at most one service at a time."""

    stack: Stack
    dsn: str
    folder: Path
    env: Mapping[str, str] = field(init=False)
    kafka: Kafka = field(init=False)
    url: str = field(init=False)

    def __post_init__(self) -> None:
        port = free_port()
        keys = {name: str(path) for name, path in generate(self.folder / "keys").items()}
        self.url = f"http://127.0.0.1:{port}"
        self.kafka = Kafka(bootstrap_servers=self.stack.bootstrap_servers)
        self.env = {
            **self.stack.environment,
            "KAIWA_POSTGRES__DSN": self.dsn,
            "KAIWA_HTTP__PORT": str(port),
            # A killed member comes back as itself and need not wait for its session to end.
            "KAIWA_KAFKA__GROUP_INSTANCE_ID": "compliance-0",
            "KAIWA_COMPLIANCE__BOUND": str(BOUND),
            "KAIWA_COMPLIANCE__CHECKPOINT_FILE": str(self.folder / "checkpoints.jsonl"),
            **{name: keys[name] for name in keys if "COMPLIANCE" in name},
        }

    def service(self, *, crash_at: str = "", **settings: str) -> Process:
        command = [sys.executable, "-m", "kaiwa.compliance"]
        log = self.folder / "compliance.log"
        return Process(
            self.stack.keeper,
            "compliance",
            command,
            env={**self.env, **settings, "KAIWA_CRASH_AT": crash_at},
            log=log,
        )

    async def ready(self, service: Process) -> None:
        """It opens its port once it has all its connections, perhaps to a broker that has only just begun."""
        await service.wait_ready(self.url, timeout=2 * SLACK)

    async def kaiwa(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from kaiwa.runtime.cli import main; main()", *words]
        env = {**os.environ, **self.env}
        return await asyncio.to_thread(
            subprocess.run, command, env=env, capture_output=True, text=True, check=False
        )

    async def prepare(self) -> None:
        for words in (["topics", "apply", "--dev", "--partitions", str(PARTITIONS)], ["db", "migrate"]):
            done = await self.kaiwa(*words)
            assert done.returncode == 0, done.stderr

    async def write(self, *records: Outgoing) -> None:
        async with Producer(self.kafka, client_id="test") as producer:
            await producer.publish(records, within=WITHIN)

    async def cases(self) -> list[dict[str, Any]]:
        done = await self.kaiwa("deletions", "list", "--json")
        assert done.returncode == 0, done.stderr
        listed: list[dict[str, Any]] = json.loads(done.stdout)
        return listed

    async def states(self) -> list[str]:
        """Of every case; asked of the database, as the command takes a second to start."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return [row["state"] for row in await connection.fetch("select state from compliance.cases")]
        finally:
            await connection.close()

    async def settled(self, state: str, *, cases: int, within: float) -> None:
        """Wait until there are so many cases or more, all in this state."""

        async def reached() -> bool:
            states = await self.states()
            return len(states) >= cases and set(states) == {state}

        await until(reached, within=within, what=f"{cases} cases {state}")

    async def acknowledge(self) -> None:
        """Say, as the dispatcher does, that nothing was found for each open order."""
        orders = {}
        async for record in read(self.kafka, [topics.ERASURES], client_id="test"):
            if record.value:
                orders[record.key] = decode_erasure(record.value)
        at = rfc3339(utc_now())
        receipts = [
            Receipt(erasure_id=order.erasure_id, holder="dispatcher", status="nothing_found", at=at)
            for order in orders.values()
            if order.state == "open"
        ]
        await self.write(*(Outgoing(topics.RECEIPTS, receipt.key, encode(receipt)) for receipt in receipts))

    def checkpoints_in_file(self) -> list[Checkpoint]:
        lines = Path(self.env["KAIWA_COMPLIANCE__CHECKPOINT_FILE"]).read_bytes().splitlines()
        return [decode_checkpoint(line) for line in lines]

    async def on_disk(self, *markers: str) -> set[str]:
        """Where the markers stand in the files of this database."""
        assert isinstance(self.stack.postgres, Postgres), (
            "this test reads the server's files: let it start the server"
        )
        return await files_with(self.dsn, self.stack.postgres.data_dir, *markers)

    async def off_the_disk(self, *markers: str) -> None:
        """Wait until none of them stands there; what is closed has a quarter of the bound for that."""

        async def gone() -> bool:
            return not await self.on_disk(*markers)

        await until(gone, within=BOUND / 4 + SLACK, what="no id and no content in PostgreSQL's files")

    async def values(self, topic: str) -> list[bytes]:
        """Every value that a reader from the beginning still gets."""
        return [record.value async for record in read(self.kafka, [topic], client_id="test") if record.value]


async def until(holds: Callable[[], Awaitable[bool]], *, within: float, what: str) -> None:
    deadline = time.monotonic() + within
    while not await holds():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.1)  # between two looks, under the deadline


async def open_unsent(pool: asyncpg.Pool, name: str) -> None:
    """A case about one message, of which no record is known; without a service."""
    subject, key, at = Subject(ACCOUNT, "c", name), b"k" * 32, datetime(2026, 11, 22, 10, tzinfo=UTC)
    case = Case(name, "unsent", subject, subject.hash(key), at, at, frozenset())
    async with pool.acquire() as connection:
        assert await open_case(connection, case, key=key, bound=timedelta(seconds=BOUND))
