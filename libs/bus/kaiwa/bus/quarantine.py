"""Poison is data: a record that could not be understood is kept as it came, with the reason in its headers."""

from collections.abc import Mapping
from datetime import datetime

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.quarantine import ACCOUNT, REASON, SOURCE, TIME, Cause
from kaiwa.contracts.times import rfc3339


def quarantined(
    value: bytes,
    *,
    cause: Cause,
    source: str,
    received_at: datetime,
    account_id: str | None = None,
    record_id: str | None = None,
    more: Mapping[str, str] | None = None,
) -> Outgoing:
    """The quarantine record of these bytes.

    ``record_id`` is the id of what was read, so that a repeat meets itself; without one it is random.
    ``more`` are the contract's other headers. ``source`` is ``webhook`` or :func:`origin` of a record. Its partition follows from its key.
    """
    known = {
        REASON: cause.value,
        SOURCE: source,
        ACCOUNT: account_id,
        TIME: rfc3339(received_at),
        **(more or {}),
    }
    headers = tuple(
        (name, text.encode("ascii", "replace")) for name, text in known.items() if text is not None
    )
    return Outgoing(topics.QUARANTINE, (record_id or ids.random()).encode("ascii"), value, headers)


def origin(topic: str, partition: int, offset: int) -> str:
    """Where in Kafka a quarantined record was read."""
    return f"{topic}/{partition}/{offset}"
