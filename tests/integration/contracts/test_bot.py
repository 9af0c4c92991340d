"""The bot of the README, as it is printed there, against a real Kafka."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from doors import apply_topics, written
from happenings import event, record
from published import CONTRACTS

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing, Record
from kaiwa.contracts import topics
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.partition import of_key
from kaiwa.contracts.sends import decode
from kaiwa.devstack.processes import Process
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.settings import Kafka

CUSTOMER = "1111000000000001"


@pytest.fixture
def account() -> str:
    """An account of this test alone: the topics are shared."""
    return str(10**16 + secrets.randbelow(10**16))


@pytest.fixture
async def bot(stack: Stack, tmp_path: Path) -> AsyncIterator[Process]:
    """It begins behind what other tests wrote, and would otherwise answer that, too."""
    await apply_topics(stack)
    await skip_what_is_there(stack.bootstrap_servers)
    env = {"KAIWA_KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers}
    process = Process(
        stack.keeper, "bot", [sys.executable, str(CONTRACTS / "bot.py")], env=env, log=tmp_path / "bot.log"
    )
    process.start()
    yield process
    if process.alive:
        await process.kill()


async def skip_what_is_there(bootstrap_servers: str) -> None:
    async with Producer(Kafka(bootstrap_servers=bootstrap_servers), client_id="test") as producer:
        number = await producer.partitions(topics.EVENTS, within=10)
    partitions = [TopicPartition(topics.EVENTS, partition) for partition in range(number)]
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id="my-bot", enable_auto_commit=False
    ) as reader:
        reader.assign(partitions)
        await reader.commit(await reader.end_offsets(partitions))


async def test_the_bot_answers_what_customers_write_and_nothing_else(
    stack: Stack, bot: Process, account: str
) -> None:
    """Breaks when the bot stumbles over a tombstone or heartbeat, answers itself or another app's thread, or asks for
    two messages where an event came twice.
    """
    first, last = (said(Kind.MESSAGE_RECEIVED, mid, account) for mid in ("m1", "m9"))
    where = record(first).partition
    nothing = [
        Outgoing(topics.EVENTS, b"erased", None, partition=where),
        Outgoing(topics.EVENTS, topics.HEARTBEAT_KEY, b"", partition=where),
        record(said(Kind.MESSAGE_ECHOED, "m2", account)),
        record(msgspec.structs.replace(said(Kind.MESSAGE_RECEIVED, "m3", account), stream="standby")),
        record(event(Kind.MESSAGE_SEEN, {"mid": "m2"}, customer=CUSTOMER, account=account)),
        record(event(Kind.UNKNOWN, {}, customer=CUSTOMER, account=account, raw={"of_tomorrow": 1})),
    ]
    async with Producer(Kafka(bootstrap_servers=stack.bootstrap_servers), client_id="test") as producer:
        await producer.publish([record(first), *nothing, record(first), record(last)], within=30)
        partitions = await producer.partitions(topics.SENDS, within=10)
    answers = await answered(stack.bootstrap_servers, account, last, bot)
    requests = [decode(one.value or b"") for one in answers]
    assert [request.request_id for request in requests] == [
        f"my-bot-{one.id}" for one in (first, first, last)
    ]
    assert {(r.account_id, r.recipient.customer_id, r.author.kind) for r in requests} == {
        (account, CUSTOMER, "automation")
    }
    assert {(one.key, one.partition) for one in answers} == {
        (requests[0].key, of_key(requests[0].key, partitions))
    }
    assert bot.alive


def said(kind: Kind, mid: str, account: str) -> Event:
    return event(kind, {"mid": mid, "text": "Hello"}, customer=CUSTOMER, account=account)


async def answered(bootstrap_servers: str, account: str, last: Event, bot: Process) -> list[Record]:
    """The bot's requests for this account, once it answered the last event."""
    async with asyncio.timeout(60):
        while True:
            found = [
                one
                for one in await written(bootstrap_servers, topics.SENDS)
                if (one.key or b"").startswith(account.encode())
            ]
            if any(last.id.encode() in (one.value or b"") for one in found):
                return found
            assert bot.alive, "the bot has ended"
            await asyncio.sleep(0.2)
