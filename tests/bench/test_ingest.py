"""Ingest against a bare producer: what it costs to verify, normalise and acknowledge, beside only writing.

Both write the same records in the same run, in turns, as neighbours on the machine disturb wall time. The service
is a process of its own; sender and bare producer share this one.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from deliveries import Json, body, entry, text
from doors import APP, Door, apply_topics

from kaiwa.bus.clients import connecting, producing
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.devstack.stack import Stack
from kaiwa.ingest.normalise import normalise
from kaiwa.ingest.publish import Delivery, records
from kaiwa.runtime.settings import Kafka

CONNECTIONS = 8
EVENTS_A_BODY = 1_000
BODIES_A_ROUND = 40
ROUNDS = 3


@dataclass
class Cost:
    """Seconds of wall and of processor time, summed over the rounds."""

    wall: float = 0.0
    cpu: float = 0.0

    async def measure(self, work: Awaitable[None], cpu: Callable[[], Awaitable[float]]) -> None:
        started, burnt = time.perf_counter(), await cpu()
        await work
        self.cpu += await cpu() - burnt
        self.wall += time.perf_counter() - started


def deliveries(count: int) -> list[bytes]:
    """Bodies of a busy hour: 50 conversations, words in two scripts, mids as long as the platform's."""
    return [body(entry(*(message(number, n) for n in range(EVENTS_A_BODY)))) for number in range(count)]


def message(number: int, n: int) -> Json:
    mid = f"aWdfZAG1{number:0>8}{n:0>4}{'x' * 100}"
    return text(mid, "ありがとう! Three, please.", customer=f"11{n % 50:0>14}")


def as_records(bodies: Sequence[bytes]) -> list[Outgoing]:
    key, now = b"k" * 32, datetime(2026, 11, 22, tzinfo=UTC)
    return [
        record
        for sent in bodies
        for _, record in records(
            normalise(sent, app_id=APP, received_at=now, id_key=key),
            Delivery(sent, APP, now),
            id_key=key,
            partitions=12,
        )
    ]


async def through_ingest(door: Door, bodies: Sequence[bytes]) -> None:
    waiting = iter(bodies)

    async def connection() -> None:
        for sent in waiting:
            assert (await door.post(sent)).status_code == 200

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


async def bare(producer: AIOKafkaProducer, outgoing: Sequence[Outgoing]) -> None:
    acks = [
        await producer.send(r.topic, r.value, key=r.key, partition=r.partition, headers=list(r.headers))
        for r in outgoing
    ]
    await asyncio.gather(*acks)


async def size_of_events(kafka: Kafka) -> int:
    async with AIOKafkaConsumer(**connecting(kafka, client_id="bench")) as consumer:
        partitions = [TopicPartition(topics.EVENTS, n) for n in range(12)]
        return sum((await consumer.end_offsets(partitions)).values())


async def test_ingest_against_a_bare_producer(stack: Stack, tmp_path: Path) -> None:
    await apply_topics(stack)
    kafka = Kafka(bootstrap_servers=stack.bootstrap_servers)
    bodies = deliveries(BODIES_A_ROUND)
    outgoing = as_records(bodies)
    ours, reference = Cost(), Cost()
    producer = AIOKafkaProducer(**producing(kafka, client_id="bench"))

    async def own_cpu() -> float:
        return time.process_time()

    async with Door.opened(stack.keeper, stack.bootstrap_servers, tmp_path) as door, producer:

        async def ingests_cpu() -> float:
            return await door.metric("process_cpu_seconds_total")

        await door.until_connected()
        await through_ingest(door, bodies[:2])
        await bare(producer, outgoing[:1_000])
        acknowledged = 0
        before = await size_of_events(kafka)
        for _ in range(ROUNDS):
            await ours.measure(through_ingest(door, bodies), ingests_cpu)
            acknowledged += len(outgoing)
            await reference.measure(bare(producer, outgoing), own_cpu)
        grown = await size_of_events(kafka) - before - ROUNDS * len(outgoing)
        assert grown == acknowledged
    figures = {
        "bench": "ingest",
        "ratio": round(reference.wall / ours.wall, 2),
        "cpu_ratio": round(reference.cpu / ours.cpu, 2),
        "events": acknowledged,
        "events_per_second": round(acknowledged / ours.wall),
        "reference_events_per_second": round(acknowledged / reference.wall),
        "cpu_us_per_event": round(1e6 * ours.cpu / acknowledged, 1),
        "reference_cpu_us_per_event": round(1e6 * reference.cpu / acknowledged, 1),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
