"""Everybody who keeps checkpoints: Kafka's topic, the file, and the database itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import TopicPartition

from kaiwa.bus.reader import read
from kaiwa.compliance.core.check import Tampered, Witness
from kaiwa.compliance.ledger import head_of
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Checkpoint, decode_checkpoint
from kaiwa.runtime.settings import Kafka
from kaiwa.store import queries
from kaiwa.store.pool import Connection

_sql: Final = queries.load("kaiwa.compliance")


async def published(kafka: Kafka, offsets: dict[TopicPartition, int] | None = None) -> list[Witness]:
    """All there are, or what came since these offsets, which are moved on. Raises Tampered for what is no checkpoint."""
    offsets = {} if offsets is None else offsets
    found = []
    async for record in read(kafka, [topics.CHECKPOINTS], client_id="kaiwa.ledger", start=offsets):
        if record.value:
            found.append(Witness("topic", _decoded(record.value, "topic")))
        offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
    return found


def written(file: Path | None) -> Iterable[Witness]:
    if file is None or not file.exists():
        return []
    # What comes after the last end of a line is being written, or was cut short and will be written once more.
    lines = file.read_bytes().rpartition(b"\n")[0].splitlines()
    return [Witness("file", _decoded(line, "file")) for line in lines if line]


async def stored(connection: Connection, *, since: int = 0) -> list[Witness]:
    """Those of so many entries or more, and those in which the key changes."""
    rows = _sql.checkpoints_since(connection, tree_size=since)
    return [Witness("database", head_of(row)) async for row in rows]


def _decoded(value: bytes, kept_by: str) -> Checkpoint:
    try:
        return decode_checkpoint(value)
    except msgspec.DecodeError:
        raise Tampered(f"a checkpoint in the {kept_by} cannot be read") from None
