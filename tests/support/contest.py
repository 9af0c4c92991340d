"""What benchmarks share: services as processes side by side, what they burn, and deliveries of a busy hour.

Neighbours on the machine disturb every figure, so each is taken in rounds that alternate between the contestants, and
what counts is the median of the rounds' ratios.
"""

import asyncio
import base64
import hashlib
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from deliveries import SENT_MS, Json, body, entry, text
from doors import PATH, SECRET, environment
from load import drive, post

from kaiwa.bus.clients import connecting
from kaiwa.bus.records import Record
from kaiwa.contracts import topics
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Keeper, Process
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.settings import Kafka

BENCH = Path(__file__).parents[1] / "bench"
PARTITIONS = 12
EVENTS_A_BODY = 1_000
IN_PRODUCTION = 3600
"""The erasure bound, in seconds. With the 30 of a laptop Kafka's cleaner rewrites the topic all the time, and whoever
writes to it waits for 20 to 60 ms: of requests at half of the maximum rate one in a hundred.
"""


@dataclass(frozen=True)
class Contestant:
    """A service that runs."""

    port: int
    http: httpx.AsyncClient

    async def metric(self, name: str) -> float:
        lines = (await self.http.get("/metrics", follow_redirects=True)).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    async def until_accepting(self, any_request: bytes) -> None:
        """Ingest opens its door before it has found Kafka."""
        async with asyncio.timeout(30):
            while (await drive(self.port, [any_request], connections=1))[0].status != HTTPStatus.OK:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)

    async def cpu(self) -> float:
        """Seconds of processor time so far."""
        return await self.metric("process_cpu_seconds_total")

    async def memory(self) -> float:
        """Bytes resident."""
        return await self.metric("process_resident_memory_bytes")


@asynccontextmanager
async def contestant(
    keeper: Keeper, name: str, argv: Sequence[str], env: Mapping[str, str], folder: Path
) -> AsyncIterator[Contestant]:
    port = free_port()
    places = {"KAIWA_HTTP__PORT": str(port), "PLAIN_PORT": str(port)}
    process = Process(
        keeper, name, [sys.executable, *argv], env={**env, **places}, log=folder / f"{name}.log"
    )
    url = f"http://127.0.0.1:{port}"
    process.start()
    try:
        await process.wait_ready(url)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            yield Contestant(port, http)
    finally:
        if process.alive:
            await process.kill()


@asynccontextmanager
async def ingest(stack: Stack, folder: Path, *, without_kafka: bool = False) -> AsyncIterator[Contestant]:
    argv = [str(BENCH / "without_kafka.py")] if without_kafka else ["-m", "kaiwa.ingest"]
    name = "without_kafka" if without_kafka else "ingest"
    env = environment(folder, bootstrap_servers=stack.bootstrap_servers)
    async with contestant(stack.keeper, name, argv, env, folder) as found:
        yield found


@asynccontextmanager
async def plain(stack: Stack, folder: Path, topic: str) -> AsyncIterator[Contestant]:
    env = {
        "PLAIN_KAFKA": stack.bootstrap_servers,
        "PLAIN_TOPIC": topic,
        "PLAIN_SECRET": SECRET.decode(),
    }
    async with contestant(stack.keeper, "plain", [str(BENCH / "plain_service.py")], env, folder) as found:
        yield found


@dataclass
class Rounds:
    """Wall and processor time per unit, round by round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def measure(
        self, work: Awaitable[object], cpu: Callable[[], Awaitable[float]], *, units: int
    ) -> None:
        burnt, started = await cpu(), time.perf_counter()
        await work
        self.wall.append((time.perf_counter() - started) / units)
        self.cpu.append((await cpu() - burnt) / units)

    @property
    def microseconds(self) -> float:
        """Of processor time per unit."""
        return round(1e6 * statistics.median(self.cpu), 1)

    @property
    def a_second(self) -> int:
        return round(1 / statistics.median(self.wall))


def ratio(reference: Sequence[float], ours: Sequence[float]) -> float:
    """How many times more the reference takes: the median over the rounds."""
    return round(statistics.median(theirs / own for theirs, own in zip(reference, ours, strict=True)), 2)


async def bare(producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
    """What a producer that pipelines these records costs at the least: nothing else shares its process."""
    acks = [
        await producer.send(r.topic, r.value, key=r.key, partition=r.partition, headers=list(r.headers))
        for r in records
    ]
    await asyncio.gather(*acks)


async def own_cpu() -> float:
    return time.process_time()


def report(case: str, **figures: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps({"case": case, **figures}) + "\n")


def mid(*name: int) -> str:
    """As long and as incompressible as the platform's, but that it begins with its name."""
    digest = hashlib.sha512(repr(name).encode()).digest() * 2
    return ("".join(f"{number}." for number in name) + base64.urlsafe_b64encode(digest).decode())[:140]


def place_of(found: str, *, series: int) -> tuple[int, int] | None:
    """Which event of which body has this mid; None where it is of another series, or none of ours."""
    name = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    return name[1:] if len(name) == 3 and name[0] == series and mid(*name) == found else None


def message(*name: int) -> Json:
    """50 conversations, words in two scripts, some milliseconds between them."""
    customer = f"11{name[-1] % 50:0>14}"
    return text(
        mid(*name), f"ありがとう! {name[-1]} of them, please.", customer=customer, at=SENT_MS + 37 * name[-1]
    )


def bulk(number: int, *, series: int = 0) -> bytes:
    """A body of 1,000 events."""
    return body(entry(*(message(series, number, n) for n in range(EVENTS_A_BODY))))


def single(number: int) -> bytes:
    return body(entry(message(number)))


def request(delivery: bytes) -> bytes:
    return post(PATH, delivery, secret=SECRET)


async def size_of(kafka: Kafka, topic: str = topics.EVENTS) -> int:
    async with AIOKafkaConsumer(**connecting(kafka, client_id="bench")) as consumer:
        partitions = [TopicPartition(topic, n) for n in range(PARTITIONS)]
        return sum((await consumer.end_offsets(partitions)).values())
