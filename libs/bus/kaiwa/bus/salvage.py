r"""Reading a batch that aiokafka refuses to decode: header names that are not UTF-8, as clients in C may write them.

Only the names are mended (``b"\xe9"`` reads as ``"\\xe9"``); keys, values and header values are the bytes that were
sent. This leans on aiokafka's private decoder, whose version is pinned; an integration test holds it to that.
"""

import struct
from collections.abc import Iterator
from typing import Final, SupportsIndex

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.util import decode_varint_py

from kaiwa.bus.records import Record
from kaiwa.contracts.topics import MAX_RECORD_BYTES
from kaiwa.runtime import logs

_BATCH_START: Final = struct.Struct(">qi")  # base offset, bytes that follow
_WAIT_MS: Final = 500

_log = logs.get_logger()


class _Lenient(bytearray):
    """Bytes whose slices decode whatever they hold."""

    def __getitem__(self, index: SupportsIndex | slice) -> "int | _Lenient":  # type: ignore[override]  # slices stay lenient
        found = super().__getitem__(index)
        return found if isinstance(found, int) else _Lenient(found)

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


async def take(
    consumer: AIOKafkaConsumer, partition: TopicPartition, *, wait_ms: int = 0, max_records: int | None = None
) -> list[Record]:
    """The next records of one partition, perhaps none; whole batches where they had to be salvaged.

    One partition at a time: what ``getmany`` has taken from others is lost when it raises.
    """
    try:
        fetched = await consumer.getmany(partition, timeout_ms=wait_ms, max_records=max_records)
    except UnicodeDecodeError:
        records = await _salvage(consumer, partition)
        _log.warning(
            "batch_salvaged", topic=partition.topic, partition=partition.partition, records=len(records)
        )
        return records
    taken: list[Record] = fetched.get(partition, [])
    return taken


async def _salvage(consumer: AIOKafkaConsumer, partition: TopicPartition) -> list[Record]:
    """The records of the batch at the consumer's position, which moves behind it. Raises where this fails too."""
    position = await consumer.position(partition)
    raw = await _fetch(consumer, partition, position)
    _, length = _BATCH_START.unpack_from(raw)
    batch = _DefaultRecordBatchPy(raw[: _BATCH_START.size + length])
    records = [record for record in _decode(batch, partition) if record.offset >= position]
    consumer.seek(partition, batch.next_offset)
    return records


async def _fetch(consumer: AIOKafkaConsumer, partition: TopicPartition, position: int) -> bytes:
    client = consumer._client  # noqa: SLF001 - see the module's docstring
    wanted = [(partition.topic, [(partition.partition, position, MAX_RECORD_BYTES)])]
    request = FetchRequest(_WAIT_MS, 1, MAX_RECORD_BYTES, 0, wanted)
    answer = await client.send(client.cluster.leader_for_partition(partition), request)
    [(_, [(_, code, *_, raw)])] = answer.topics
    if code:
        raise for_code(code)
    return bytes(raw)


def _decode(batch: _DefaultRecordBatchPy, partition: TopicPartition) -> Iterator[Record]:
    batch._maybe_uncompress()  # noqa: SLF001 - see the module's docstring
    batch._buffer = _Lenient(batch._buffer)  # noqa: SLF001
    for _ in range(batch._num_records):  # noqa: SLF001
        record = batch._read_msg(decode_varint_py)  # noqa: SLF001
        yield ConsumerRecord(
            topic=partition.topic,
            partition=partition.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            timestamp_type=record.timestamp_type,
            key=record.key,
            value=record.value,
            checksum=None,
            serialized_key_size=len(record.key or b""),
            serialized_value_size=len(record.value or b""),
            headers=tuple((name, value or b"") for name, value in record.headers),
        )
