"""Promise: what the stack gives is a real Kafka and a real PostgreSQL, and it comes back after a crash."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from kaiwa.devstack.stack import Stack, running


@pytest.fixture
async def topic(stack: Stack) -> str:
    name = f"devstack-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()
    assert answer.to_object()["topic_errors"][0]["error_code"] == 0
    return name


@asynccontextmanager
async def producing(stack: Stack) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.bootstrap_servers, enable_idempotence=True, max_request_size=9 * 1024 * 1024
    )
    async with producer:
        yield producer


async def values(stack: Stack, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(60):
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value or b"" for _ in range(count)]


async def test_a_record_of_the_largest_size_goes_through_kafka(stack: Stack, topic: str) -> None:
    largest = b"x" * (8 * 1024 * 1024 + 64 * 1024)
    async with producing(stack) as producer:
        await producer.send_and_wait(topic, largest, key=b"k")
    assert await values(stack, topic, 1) == [largest]


async def test_an_acknowledged_record_survives_a_kill_of_the_broker(stack: Stack, topic: str) -> None:
    """Breaks when the data folder or the port changes over a restart."""
    assert stack.kafka is not None
    async with producing(stack) as producer:
        await producer.send_and_wait(topic, b"before", key=b"k")
        await asyncio.to_thread(stack.kafka.stop, kill=True)
        assert not stack.kafka.alive
        await asyncio.to_thread(stack.kafka.start)
        async with asyncio.timeout(60):
            await producer.send_and_wait(topic, b"after", key=b"k")
    assert await values(stack, topic, 2) == [b"before", b"after"]


async def test_a_stopped_broker_comes_back_with_its_records(stack: Stack, topic: str) -> None:
    assert stack.kafka is not None
    async with producing(stack) as producer:
        await producer.send_and_wait(topic, b"kept", key=b"k")
    await asyncio.to_thread(stack.kafka.stop)
    assert not stack.kafka.alive
    await asyncio.to_thread(stack.kafka.start)
    assert await values(stack, topic, 1) == [b"kept"]


async def test_a_frozen_broker_answers_nothing_until_it_goes_on(stack: Stack, topic: str) -> None:
    assert stack.kafka is not None
    async with producing(stack) as producer:
        await producer.send_and_wait(topic, b"1", key=b"k")
        stack.kafka.pause()
        sending = asyncio.ensure_future(producer.send_and_wait(topic, b"2", key=b"k"))
        done, _ = await asyncio.wait([sending], timeout=0.5)
        stack.kafka.resume()
        async with asyncio.timeout(60):
            await sending
    assert not done


async def test_the_log_folder_holds_the_segments_of_a_topic(stack: Stack, topic: str) -> None:
    assert stack.kafka is not None
    marker = uuid.uuid4().hex.encode()
    async with producing(stack) as producer:
        await producer.send_and_wait(topic, marker, key=b"k")
    segments = list((stack.kafka.log_dir / f"{topic}-0").glob("*.log"))
    assert any(marker in segment.read_bytes() for segment in segments)


async def test_topics_are_not_made_by_asking_for_them(stack: Stack) -> None:
    name = f"never-made-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    try:
        await admin.describe_topics([name])
        assert name not in await admin.list_topics()
    finally:
        await admin.close()


async def test_every_client_of_ours_takes_the_dsn(database: str) -> None:
    connection = await asyncpg.connect(database)
    version = await connection.fetchval("show server_version_num")
    await connection.close()
    assert int(version) >= 150_000
    with psycopg.connect(database) as other:
        assert other.execute("select current_database()").fetchone() == (other.info.dbname,)


async def test_postgres_stops_under_its_clients(stack: Stack, database: str) -> None:
    """Breaks when it is stopped with SIGTERM, which waits for them to leave."""
    assert stack.postgres is not None
    with psycopg.connect(database) as connection:
        await asyncio.to_thread(stack.postgres.stop)
        assert not stack.postgres.alive
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    await asyncio.to_thread(stack.postgres.start)


async def test_postgres_survives_a_kill_with_what_was_committed(stack: Stack, database: str) -> None:
    assert stack.postgres is not None
    with psycopg.connect(database) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    await asyncio.to_thread(stack.postgres.stop, kill=True)
    await asyncio.to_thread(stack.postgres.start)
    with psycopg.connect(database) as connection:
        assert connection.execute("select n from kept").fetchall() == [(7,)]
        assert connection.execute("show fsync").fetchone() == ("on",)


def test_servers_that_the_environment_names_are_used_and_not_started() -> None:
    named = {
        "KAIWA_KAFKA__BOOTSTRAP_SERVERS": "kafka.example:9092",
        "KAIWA_POSTGRES__DSN": "postgresql://db.example/kaiwa",
    }
    with running(environ=named) as external:
        assert external.environment == named
        assert external.kafka is None
        assert external.postgres is None
