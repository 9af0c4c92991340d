"""A real Kafka with the real topics, and ingest as a process in front of it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doors import Door, apply_topics

from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack


@pytest.fixture(scope="session")
def bootstrap_servers(stack: Stack) -> str:
    """Kafka, with all topics."""
    asyncio.run(apply_topics(stack))
    return stack.bootstrap_servers


@pytest.fixture
def broker(stack: Stack, bootstrap_servers: str) -> Broker:
    """The broker, to be stopped and started; the topics exist."""
    assert bootstrap_servers
    if stack.kafka is None:
        pytest.skip("the broker is not ours to stop: unset KAIWA_KAFKA__BOOTSTRAP_SERVERS")
    return stack.kafka


@pytest.fixture
async def door(stack: Stack, bootstrap_servers: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with Door.opened(stack.keeper, bootstrap_servers, tmp_path) as opened:
        await opened.until_connected()
        yield opened


@pytest.fixture
def account() -> str:
    """An account of this test alone: the topics are shared."""
    return str(10**16 + secrets.randbelow(10**16))
