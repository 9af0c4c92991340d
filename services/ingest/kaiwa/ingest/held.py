"""What quarantine holds, and how it becomes a delivery again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from kaiwa.bus.records import Record, header_text, is_heartbeat
from kaiwa.contracts.quarantine import ACCOUNT, APP, OCCURRED, REASON, SOURCE, STREAM, TIME
from kaiwa.contracts.times import from_ms, parse, rfc3339, to_ms
from kaiwa.ingest.publish import Delivery


@dataclass(frozen=True)
class Held:
    """One record of ``instagram.quarantine.v1``. What its headers do not say is None."""

    record_id: str
    partition: int
    value: bytes = field(repr=False)
    received_at: datetime
    reason: str | None
    source: str | None
    app_id: str | None
    account_id: str | None
    stream: str | None
    occurred_at: str | None

    def summary(self) -> dict[str, Any]:
        """Everything but the content."""
        return {
            "id": self.record_id,
            "reason": self.reason,
            "source": self.source,
            "app_id": self.app_id,
            "account_id": self.account_id,
            "received_at": rfc3339(self.received_at),
            "bytes": len(self.value),
        }


def held(records: Iterable[Record]) -> dict[str, Held]:
    """What is left once tombstones have taken theirs, by id."""
    left: dict[str, Held] = {}
    for record in records:
        if record.key is None or is_heartbeat(record):
            continue
        record_id = record.key.decode("ascii", "replace")
        if record.value is None:
            left.pop(record_id, None)
        else:
            left[record_id] = _held(record_id, record.value, record)
    return left


def delivery(kept: Held) -> Delivery | None:
    """The delivery that brought it; None where it did not come from Meta.

    Where one item was kept, it is put back into an entry of its account. Its event has the id that it would have had.
    """
    if kept.app_id is None:
        return None
    body = kept.value
    if kept.stream is not None:
        moment = kept.received_at if kept.occurred_at is None else parse(kept.occurred_at)
        entry = {"id": kept.account_id, "time": to_ms(moment), kept.stream: [msgspec.Raw(kept.value)]}
        body = msgspec.json.encode({"object": "instagram", "entry": [entry]})
    return Delivery(body, kept.app_id, kept.received_at)


def _held(record_id: str, value: bytes, record: Record) -> Held:
    received = header_text(record, TIME)
    return Held(
        record_id=record_id,
        partition=record.partition,
        value=value,
        received_at=from_ms(record.timestamp) if received is None else parse(received).astimezone(UTC),
        reason=header_text(record, REASON),
        source=header_text(record, SOURCE),
        app_id=header_text(record, APP),
        account_id=header_text(record, ACCOUNT),
        stream=header_text(record, STREAM),
        occurred_at=header_text(record, OCCURRED),
    )
