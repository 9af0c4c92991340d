"""What data teams are promised about an analytics topic, beyond the shape of its record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

Dimension = Literal["accuracy", "completeness", "conformity", "consistency", "timeliness", "uniqueness"]

PSEUDONYM = "[A-Z2-7]{26}"
"""What every pseudonym looks like, as a regular expression for the whole of it."""


@dataclass(frozen=True)
class Column:
    """One field of the record. ``few``: it has few different values, so that a sink may encode it."""

    about: str
    pattern: str | None = None
    least: int | None = None
    few: bool = False


@dataclass(frozen=True)
class Check:
    """A rule about many records: ``query`` counts what breaks it in ``${object}``, so 0 is right."""

    name: str
    about: str
    query: str
    dimension: Dimension


@dataclass(frozen=True)
class Dataset:
    """One analytics topic. ``columns`` has a word for each field of ``record``."""

    topic: str
    record: type[msgspec.Struct]
    title: str
    purpose: str
    usage: str
    limitations: str
    granularity: str
    writer: str
    latency_seconds: int
    """From what happened on our side to its record, while Kafka answers."""
    columns: Mapping[str, Column]
    checks: tuple[Check, ...]
    summary: str
    """An example of what may leave the data team: a SELECT over ``${object}`` with groups large enough."""

    @property
    def name(self) -> str:
        """The table's, as ``inbound``."""
        return self.topic.removeprefix("analytics.instagram.").rpartition(".")[0]
