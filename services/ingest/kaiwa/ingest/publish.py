"""From what was read in a body to records in Kafka, every one of them acknowledged or the request is not."""

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from kaiwa.bus.errors import Unpublishable
from kaiwa.bus.producer import Producer
from kaiwa.bus.quarantine import quarantined
from kaiwa.bus.records import Outgoing
from kaiwa.bus.tracing import traceparent
from kaiwa.contracts import cloudevents, ids, topics
from kaiwa.contracts.events import encode
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.quarantine import Cause
from kaiwa.ingest.normalise import Normalised, Reading, normalise
from kaiwa.runtime import metrics

DEADLINE = 3.5
"""Seconds for all acknowledgements of one request; the platform waits 5 for the whole of it."""

_SOURCE = "webhook"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body whose signature was good."""

    body: bytes
    app_id: str
    received_at: datetime


class Publisher:
    """Normalises deliveries and publishes what is in them."""

    def __init__(self, producer: Producer, *, id_key: bytes, always_raw: bool) -> None:
        self._producer = producer
        self._id_key = id_key
        self._always_raw = always_raw

    async def publish(self, delivery: Delivery) -> None:
        """Return once Kafka has all of it. Raises PublishFailed: then any part of it may have been written."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        partitions = await self._producer.partitions(topics.EVENTS, within=DEADLINE)
        reading = normalise(
            delivery.body,
            app_id=delivery.app_id,
            received_at=delivery.received_at,
            id_key=self._id_key,
            always_raw=self._always_raw,
        )
        written = records(reading, delivery, id_key=self._id_key, partitions=partitions)
        if written:
            remaining = deadline - asyncio.get_running_loop().time()
            await self._producer.publish([record for _, record in written], within=remaining)
        _count(Counter(label for label, _ in written))
        metrics.OTHER_OBJECTS.inc(reading.others)


def records(
    reading: Reading, delivery: Delivery, *, id_key: bytes, partitions: int
) -> list[tuple[str, Outgoing]]:
    """The records of one delivery, in the order of its items, each with its kind or the cause of its quarantine."""
    trace = traceparent()
    written = [_record(found, delivery, trace, partitions) for found in reading.found]
    if reading.unreadable is not None:
        written.append((reading.unreadable, _body(delivery, reading.unreadable, id_key)))
    return written


def _record(found: Normalised, delivery: Delivery, trace: str, partitions: int) -> tuple[str, Outgoing]:
    event, item = found
    headers = cloudevents.headers(
        event_id=event.id,
        kind=event.kind,
        account_id=event.account_id,
        time=event.occurred_at,
        traceparent=trace,
    )
    partition = of_conversation(event.account_id or "", event.customer_id, partitions)
    try:
        return event.kind, Outgoing(
            topics.EVENTS, event.id.encode("ascii"), encode(event), headers, partition
        )
    except (
        Unpublishable
    ):  # with its raw beside its data it is too large; the item alone is smaller than the body
        return Cause.TOO_LARGE, quarantined(
            bytes(item),
            cause=Cause.TOO_LARGE,
            source=_SOURCE,
            received_at=delivery.received_at,
            account_id=event.account_id,
            record_id=event.id,
        )


def _body(delivery: Delivery, cause: Cause, id_key: bytes) -> Outgoing:
    return quarantined(
        delivery.body,
        cause=cause,
        source=_SOURCE,
        received_at=delivery.received_at,
        record_id=ids.opaque(id_key, delivery.app_id, "body", hashlib.sha256(delivery.body).hexdigest()),
    )


def _count(labels: Counter[str]) -> None:
    for label, number in labels.items():
        if isinstance(label, Cause):
            metrics.QUARANTINED.labels(label).inc(number)
        else:
            metrics.EVENTS.labels(label).inc(number)
