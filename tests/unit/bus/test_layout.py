"""Where topics are, asked of a broker that only just came back: Kafka cannot be made to answer so at will."""

from types import SimpleNamespace
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from kaiwa.bus import reader
from kaiwa.runtime.errors import DependencyError


def consumer(*, refusals: int) -> AIOKafkaConsumer:
    """A consumer whose Kafka knows no broker for so many answers, and then has one topic."""
    left = refusals

    async def fetch_all_metadata() -> object:
        nonlocal left
        if left:
            left -= 1
            raise KafkaError("Unable to get cluster metadata over all known brokers")
        return SimpleNamespace(partitions_for_topic={"t": {1, 0}}.get)

    client = SimpleNamespace(fetch_all_metadata=fetch_all_metadata)
    return cast("AIOKafkaConsumer", SimpleNamespace(_client=client))


async def test_a_broker_that_was_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: an answer without brokers that is an error. It gives them until the broker is one of them again."""
    monkeypatch.setattr(reader, "_RETRY", 0.01)
    found = await reader.partitions_of(consumer(refusals=3), ["t"])
    assert found == [TopicPartition("t", 0), TopicPartition("t", 1)]


async def test_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_RETRY", 0.01)
    monkeypatch.setattr(reader, "_CONNECT_TIMEOUT", 0.05)
    with pytest.raises(DependencyError, match="no broker of Kafka answers"):
        await reader.partitions_of(consumer(refusals=1_000), ["t"])
