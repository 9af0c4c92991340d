"""Kafka is asked where the events end; who reads requests never waits for that long or often."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from kaiwa.contracts import topics
from kaiwa.dispatcher import ends
from kaiwa.dispatcher.ends import Ends


class Kafka:
    """Says that each partition ends at 10 more than its number; or fails, or never answers."""

    def __init__(self, error: Exception | None = None, *, silent: bool = False) -> None:
        self.error, self.silent = error, silent
        self.asked: list[set[int]] = []

    async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        assert {partition.topic for partition in partitions} == {topics.EVENTS}
        self.asked.append({partition.partition for partition in partitions})
        if self.error:
            raise self.error
        if self.silent:
            await asyncio.Event().wait()
        return {partition: 10 + partition.partition for partition in partitions}


async def test_it_says_where_they_end() -> None:
    kafka = Kafka()
    assert await Ends(cast("Any", kafka)).now({1, 3}) == {1: 11, 3: 13}
    assert kafka.asked == [{1, 3}]


async def test_people_alone_need_no_question() -> None:
    """Broken by: asking for nothing."""
    kafka = Kafka()
    assert await Ends(cast("Any", kafka)).now(set()) == {}
    assert kafka.asked == []


@pytest.mark.parametrize("kafka", [Kafka(KafkaConnectionError()), Kafka(silent=True)])
async def test_what_nobody_answers_is_not_asked_again_at_once(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by: a broker that is away and keeps people's requests waiting, batch after batch; or an error that stops
    the intake.
    """
    monkeypatch.setattr(ends, "_WITHIN", 0.05)
    asking = Ends(cast("Any", kafka))
    assert await asking.now({1}) == {}
    kafka.error, kafka.silent = None, False
    assert await asking.now({1}) == {}
    assert len(kafka.asked) == 1
    monkeypatch.setattr(asking, "_silent_until", 0.0)
    assert await asking.now({1}) == {1: 11}
