"""A running ingest as its own process, and Meta's side of its door."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing, Record, is_heartbeat, is_tombstone
from kaiwa.contracts import topics
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Keeper, Process
from kaiwa.devstack.stack import Stack
from kaiwa.meta.signatures import sign
from kaiwa.runtime.settings import Kafka

APP = "1001"
SECRET = secrets.token_hex(16).encode()
TOKEN = secrets.token_urlsafe(16)
PATH = "/webhooks/instagram"


class Door:
    """``process`` may be killed and started again; the address stays."""

    def __init__(self, process: Process, url: str, http: httpx.AsyncClient) -> None:
        self.process = process
        self.url = url
        self.http = http

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, keeper: Keeper, bootstrap_servers: str, folder: Path, **more: str
    ) -> AsyncIterator[Self]:
        """Ingest, once its port is open."""
        env = environment(folder, bootstrap_servers=bootstrap_servers) | more
        port = env.setdefault("KAIWA_HTTP__PORT", str(free_port()))
        process = Process(
            keeper, "ingest", [sys.executable, "-m", "kaiwa.ingest"], env=env, log=folder / "ingest.log"
        )
        url = f"http://127.0.0.1:{port}"
        process.start()
        try:
            await process.wait_ready(url)
            limits = httpx.Limits(max_connections=64)
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10, limits=limits) as http:
                yield cls(process, url, http)
        finally:
            if process.alive:
                await process.kill()

    async def post(self, body: bytes, *, path: str = PATH, secret: bytes = SECRET) -> httpx.Response:
        """A signed delivery."""
        return await self.http.post(
            path,
            content=body,
            headers={"x-hub-signature-256": sign(secret, body), "content-type": "application/json"},
        )

    async def challenge(self, text: str = "1158201444", *, token: str = TOKEN) -> httpx.Response:
        return await self.http.get(
            PATH,
            params={"hub.mode": "subscribe", "hub.challenge": text, "hub.verify_token": token},
        )

    async def until_connected(self) -> None:
        """It opens its door before it has found Kafka."""
        async with asyncio.timeout(30):
            while not await self.metric("kaiwa_kafka_connected"):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)

    async def until_accepted(self, body: bytes) -> None:
        """What Meta does: again, until it is taken."""
        async with asyncio.timeout(30):
            while (await self.post(body)).status_code != HTTPStatus.OK:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)

    async def metric(self, name: str) -> float:
        """The sum over the labels of a metric; 0 where it was never counted."""
        lines = (await self.http.get("/metrics")).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def environment(folder: Path, *, bootstrap_servers: str) -> dict[str, str]:
    """Everything ingest needs, its files made in ``folder``."""
    files: Mapping[str, tuple[str, str]] = {
        "KAIWA_META__APPS_FILE": ("apps", f"{APP} {SECRET.decode()}\n"),
        "KAIWA_META__VERIFY_TOKEN_FILE": ("tokens", f"{TOKEN}\n"),
        "KAIWA_INGEST__ID_KEY_FILE": ("id.key", "6b" * 32),
    }
    for name, text in files.values():
        (folder / name).write_text(text)
    paths = {variable: str(folder / name) for variable, (name, _) in files.items()}
    return {"KAIWA_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers, **paths}


async def apply_topics(stack: Stack, *, bound: int = 30) -> None:
    """All topics, as an operator makes them, each partition of ours with a heartbeat in it: a new one may refuse
    records for seconds, although it has a leader. ``bound``: seconds in which what is erased is gone.
    """
    command = [str(Path(sys.executable).with_name("kaiwa")), "topics", "apply", "--dev", "--json"]
    await asyncio.to_thread(
        subprocess.run,
        command,
        env={**os.environ, **stack.environment, "KAIWA_COMPLIANCE__BOUND": str(bound)},
        check=True,
        capture_output=True,
    )
    async with Producer(Kafka(bootstrap_servers=stack.bootstrap_servers), client_id="test") as producer:
        beats = [
            Outgoing(topic, topics.HEARTBEAT_KEY, b"", partition=partition)
            for topic in (topics.EVENTS, topics.QUARANTINE)
            for partition in range(await producer.partitions(topic, within=10))
        ]
        await producer.publish(beats, within=60)


async def written(bootstrap_servers: str, topic: str) -> list[Record]:
    """Everything in the topic now but heartbeats and tombstones, which other tests leave behind as well."""
    kafka = Kafka(bootstrap_servers=bootstrap_servers)
    found = [record async for record in read(kafka, [topic], client_id="test")]
    return [record for record in found if not is_heartbeat(record) and not is_tombstone(record)]
