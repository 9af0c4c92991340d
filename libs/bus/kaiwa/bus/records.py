"""A record on its way out, and how to look at one that came in.

Every record has a key. One without, sent to a compacted topic, is refused by the broker, and the gap which
that leaves in the sequence kills the partition for an idempotent producer, with all neighbours in the batch.
A record too large does the same, so both are refused here, before anything is sent.
"""

import msgspec
from aiokafka import ConsumerRecord

from kaiwa.bus.errors import Unpublishable
from kaiwa.contracts.cloudevents import Headers
from kaiwa.contracts.topics import HEARTBEAT_KEY, MAX_RECORD_BYTES, TABLE

_KAFKA_DEFAULT_BYTES = 1024 * 1024
_LIMITS = {topic.name: MAX_RECORD_BYTES if topic.content else _KAFKA_DEFAULT_BYTES for topic in TABLE}
_FRAME, _HEADER_FRAME = 128, 10  # bytes around a record alone in its batch, and around a header; rounded up


Record = ConsumerRecord[bytes, bytes]
"""A record that came in: raw bytes throughout, key and value perhaps None."""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record to publish. Without ``partition`` it goes where Kafka's default partitioner puts its key."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None

    def __post_init__(self) -> None:
        if not self.key:
            raise Unpublishable(f"a record for {self.topic} has no key: give it its id")
        size = _FRAME + len(self.key) + len(self.value or b"")
        for name, value in self.headers:  # a plain loop is the fastest, and every event comes by here
            size += _HEADER_FRAME + len(name) + len(value)  # a name is ASCII
        if size > (limit := _LIMITS.get(self.topic, MAX_RECORD_BYTES)):
            raise Unpublishable(f"a record for {self.topic} has {size} bytes, and {limit} is the most")


def is_tombstone(record: Record) -> bool:
    """Null, not empty: an empty value is a record like any other."""
    return record.value is None


def is_heartbeat(record: Record) -> bool:
    return record.key == HEARTBEAT_KEY


def header(record: Record, name: str) -> bytes | None:
    """The first header of this name, as the bytes that were sent."""
    return next((value for found, value in record.headers if found == name), None)


def header_text(record: Record, name: str) -> str | None:
    """The same as text; None also where it is not ASCII, which ours always are."""
    raw = header(record, name)
    return raw.decode("ascii") if raw is not None and raw.isascii() else None
