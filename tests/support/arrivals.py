"""Records as a consumer hands them over, without a broker."""

from dataclasses import dataclass

from kaiwa.bus.records import Outgoing


@dataclass
class Arrival:
    topic: str
    partition: int
    key: bytes
    value: bytes | None
    offset: int
    timestamp: int = 1_795_000_000_000
    headers: tuple[tuple[str, bytes], ...] = ()


def arrived(written: Outgoing, offset: int) -> Arrival:
    """What somebody wrote, at this offset."""
    return Arrival(written.topic, written.partition or 0, written.key, written.value, offset)
