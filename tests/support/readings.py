"""What ingest's normaliser makes of a delivery, for tables of shapes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from kaiwa.contracts import events
from kaiwa.contracts.events import Event
from kaiwa.ingest.normalise import normalise

KEY = b"k" * 32
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def read(delivery: bytes, *, app_id: str = "1001", always_raw: bool = False) -> list[Event]:
    reading = normalise(delivery, app_id=app_id, received_at=NOW, id_key=KEY, always_raw=always_raw)
    assert reading.unreadable is None
    return [found.event for found in reading.found]


def data(event: Event) -> Any:
    events.data_of(event)  # what a reader does must work
    return msgspec.json.decode(event.data)


@dataclass
class Case:
    name: str
    item: Any
    kind: str
    data: dict[str, Any]
    whole: bool = True
    """Nothing was dropped, so there is no raw."""
