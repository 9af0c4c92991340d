"""From what was read in a body to records in Kafka, every one of them acknowledged or the request is not."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain

import prometheus_client

from kaiwa.bus.errors import Unpublishable
from kaiwa.bus.producer import Producer
from kaiwa.bus.quarantine import quarantined
from kaiwa.bus.records import Outgoing
from kaiwa.bus.tracing import traceparent
from kaiwa.contracts import cloudevents, ids, topics
from kaiwa.contracts.events import Event, encode
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.quarantine import APP, OCCURRED, STREAM, Cause
from kaiwa.ingest.accounts import Registry
from kaiwa.ingest.fuse import FuseOpen, Fuses
from kaiwa.ingest.normalise import Normalised, Reading, normalise
from kaiwa.runtime import logs, metrics

DEADLINE = 3.5
"""Seconds for all acknowledgements of one request; the platform waits 5 for the whole of it."""

_TOPICS = frozenset({topics.EVENTS, topics.QUARANTINE})
"""Where a delivery may go: nothing is taken while what cannot be read would have no place."""

SOURCE = "webhook"
"""In quarantine: the bytes came from Meta."""

_log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body whose signature was good."""

    body: bytes
    app_id: str
    received_at: datetime


class Publisher:
    """Normalises deliveries and publishes what is in them. ``published``, if anybody, hears what events Kafka has."""

    def __init__(
        self,
        producer: Producer,
        registry: Registry,
        *,
        id_key: bytes,
        always_raw: bool,
        published: Callable[[Sequence[Event]], None] | None,
    ) -> None:
        self._producer = producer
        self._registry = registry
        self._published = published
        self._fuses = Fuses()
        self._blown: set[str] = set()
        metrics.FUSES_OPEN.set_function(lambda: self._fuses.open(at=time.monotonic()))
        self._id_key = id_key
        self._always_raw = always_raw

    async def publish(self, delivery: Delivery) -> None:
        """Return once Kafka has all of it. Raises PublishFailed: then any part of it may have been written;
        or FuseOpen: then nothing.
        """
        deadline = time.monotonic() + DEADLINE
        partitions = await self._producer.partitions(topics.EVENTS, within=DEADLINE)
        await self._registry.read(within=deadline - time.monotonic())
        reading = normalise(
            delivery.body,
            app_id=delivery.app_id,
            received_at=delivery.received_at,
            id_key=self._id_key,
            always_raw=self._always_raw,
        )
        self._judge(delivery.app_id, reading)
        if reading.found or reading.unreadable:
            written = records(
                reading, delivery, id_key=self._id_key, partitions=partitions, app_of=self._registry.app_of
            )
            labels, made = _apart(written)
            within = deadline - time.monotonic()
            await self._producer.publish_made(made, _TOPICS, within=within)
            self._note(reading, labels)
        if reading.others:
            metrics.OTHER_OBJECTS.inc(reading.others)

    def _note(self, reading: Reading, labels: Sequence[str]) -> None:
        """What Kafka has."""
        _count(labels)
        if self._published is not None:
            # A body that was kept whole has a record more.
            labelled = zip(reading.found, labels, strict=False)
            self._published([found.event for found, label in labelled if label == found.event.kind])

    def _judge(self, app_id: str, reading: Reading) -> None:
        """Raises FuseOpen."""
        now, undecoded = time.monotonic(), reading.undecoded
        decoded = len(reading.found) + (reading.unreadable is not None) - undecoded
        blown = self._fuses.note(app_id, decoded=decoded, undecoded=undecoded, at=now)
        if blown and app_id not in self._blown:
            self._blown.add(app_id)
            _log.error("most of what an app sends cannot be decoded, it is put off", app_id=app_id)
        elif not blown and app_id in self._blown:
            self._blown.remove(app_id)
            _log.info("what an app sends can be decoded again", app_id=app_id)
        if blown and undecoded:
            raise FuseOpen


def records(
    reading: Reading, delivery: Delivery, *, id_key: bytes, partitions: int, app_of: Mapping[str, str]
) -> Iterator[tuple[str, Outgoing]]:
    """The records of one delivery, in the order of its items, each with its kind or the cause of its quarantine. They are
    made as they are taken.

    ``app_of``: the app of each account that is registered.
    """
    trace = traceparent()  # of the one who asks, not of the publish that takes them
    written = (_record(found, delivery, trace, partitions, app_of) for found in reading.found)
    if (cause := reading.unreadable) is None:
        return written
    return chain(written, [(cause, _body(delivery, cause, id_key))])


def _apart(written: Iterable[tuple[str, Outgoing]]) -> tuple[list[str], Iterator[Outgoing]]:
    """Labels, as far as their records were taken, and records."""
    labels = list[str]()

    def made() -> Iterator[Outgoing]:
        for label, record in written:
            labels.append(label)
            yield record

    return labels, made()


def _record(
    found: Normalised, delivery: Delivery, trace: str, partitions: int, app_of: Mapping[str, str]
) -> tuple[str, Outgoing]:
    event = found.event
    if event.account_id is not None and app_of.get(event.account_id, event.app_id) != event.app_id:
        return _item(found, delivery, Cause.FOREIGN_ACCOUNT)
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
    except Unpublishable:  # its raw stands beside its data; the item alone is smaller than the body
        return _item(found, delivery, Cause.TOO_LARGE)


def _item(found: Normalised, delivery: Delivery, cause: Cause) -> tuple[str, Outgoing]:
    event = found.event
    return cause, quarantined(
        bytes(found.item),
        cause=cause,
        source=SOURCE,
        received_at=delivery.received_at,
        account_id=event.account_id,
        record_id=event.id,
        more={APP: delivery.app_id, STREAM: event.stream, OCCURRED: event.occurred_at},
    )


def _body(delivery: Delivery, cause: Cause, id_key: bytes) -> Outgoing:
    return quarantined(
        delivery.body,
        cause=cause,
        source=SOURCE,
        received_at=delivery.received_at,
        record_id=ids.opaque(id_key, delivery.app_id, "body", hashlib.sha256(delivery.body).hexdigest()),
        more={APP: delivery.app_id},
    )


def _count(labels: Sequence[str]) -> None:
    """Each label is a kind, or the cause of a quarantine."""
    for label in set(labels):  # there are few
        _counted(label, is_cause=isinstance(label, Cause)).inc(labels.count(label))


@cache
def _counted(label: str, *, is_cause: bool) -> prometheus_client.Counter:
    return (metrics.QUARANTINED if is_cause else metrics.EVENTS).labels(label)
