"""Facts on their way out never hold an event back: what cannot be published, or does not fit, is lost and counted."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from conditions import eventually
from deliveries import body, entry, text
from readings import read

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.records import Outgoing
from kaiwa.ingest.analytics import Analytics
from kaiwa.runtime import metrics
from kaiwa.runtime.app import Background

EVENTS = read(body(entry(*(text(f"m{number}") for number in range(500)))))


class Kafka:
    """Takes facts, refuses them, or never answers."""

    def __init__(self) -> None:
        self.got: list[Outgoing] = []
        self.failure: Exception | None = None
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    def start_in_background(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def publish(self, records: Sequence[Outgoing], *, within: float) -> None:
        self.asked += 1
        async with asyncio.timeout(within):
            await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.got += records


def lost() -> float:
    [metric] = metrics.FACTS_LOST.collect()
    return metric.samples[0].value


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


def started(kafka: Any) -> tuple[Analytics, Background]:
    background = Background(on_failure=lambda: None)
    analytics = Analytics(kafka, lambda: b"p" * 32)
    analytics.start(background)
    return analytics, background


async def test_every_event_makes_one_fact(kafka: Kafka) -> None:
    analytics, background = started(kafka)
    analytics.note(EVENTS)
    await eventually(lambda: len(kafka.got) == len(EVENTS))
    assert len({record.headers for record in kafka.got}) == len(EVENTS)
    await background.stop()


async def test_what_is_refused_is_lost_and_the_next_goes_out(kafka: Kafka) -> None:
    analytics, background = started(kafka)
    before, kafka.failure = lost(), PublishFailed("no such topic")
    analytics.note(EVENTS)
    await eventually(lambda: lost() == before + len(EVENTS))
    kafka.failure = None
    analytics.note(EVENTS[:3])
    await eventually(lambda: len(kafka.got) == 3)
    await background.stop()


async def test_while_kafka_says_nothing_memory_is_bounded_and_nobody_waits(kafka: Kafka) -> None:
    """Broken by awaiting a publish in ``note``, or by a list without a bound."""
    analytics, background = started(kafka)
    kafka.open.clear()
    before = lost()
    for _ in range(50):
        analytics.note(EVENTS)
    assert lost() - before == 50 * len(EVENTS) - 20_000
    kafka.open.set()
    await eventually(lambda: len(kafka.got) == 20_000)
    await background.stop()


async def test_what_waits_at_the_end_goes_out(kafka: Kafka) -> None:
    """Broken by taking a batch off the list before Kafka has it."""
    analytics, background = started(kafka)
    kafka.open.clear()
    analytics.note(EVENTS)
    await eventually(lambda: kafka.asked > 0)
    await background.stop()
    kafka.open.set()
    await analytics.stop()
    assert len({record.headers for record in kafka.got}) == len(EVENTS)
