"""What has to be done to make Kafka's topics equal to the table in contracts: decided here, done in ``cluster``.

A partition count is never changed: a tombstone in another partition erases nothing, and a conversation would live in
two. A replication factor is not changed either, as that moves data about; both are refused, and then nothing is done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kaiwa.contracts.topics import EVENTS, TABLE, Topic, erasure_bound, settings

DEFAULT_PARTITIONS = 12

Settings = Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """How a topic shall be."""

    topic: Topic
    partitions: int
    replication: int
    settings: Settings


@dataclass(frozen=True)
class Existing:
    """How a topic is: ``effective`` are all its settings, ``overrides`` those set on the topic itself."""

    partitions: int
    replication: int
    effective: Settings
    overrides: Settings


@dataclass(frozen=True)
class Create:
    wanted: Wanted


@dataclass(frozen=True)
class Alter:
    """``changes`` says from what to what; ``overrides`` is the complete new set, as Kafka replaces all of them."""

    name: str
    changes: Mapping[str, tuple[str | None, str]]
    overrides: Settings


@dataclass(frozen=True)
class Keep:
    name: str


@dataclass(frozen=True)
class Refuse:
    name: str
    reason: str


Step = Create | Alter | Keep | Refuse


def wanted(
    existing: Mapping[str, Existing], *, bound: float, dev: bool, partitions: int | None
) -> list[Wanted]:
    """The table for this cluster. Without ``partitions`` the count is that of the events topic, if there is one.

    Raises ValueError for an erasure bound (seconds) that cannot be kept.
    """
    if partitions is None:
        partitions = existing[EVENTS].partitions if EVENTS in existing else DEFAULT_PARTITIONS
    replication, in_sync = (1, 1) if dev else (3, 2)
    return [
        Wanted(
            topic,
            topic.partitions or partitions,
            replication,
            settings(topic, bound=bound, min_insync=in_sync),
        )
        for topic in TABLE
    ]


def plan(table: Iterable[Wanted], existing: Mapping[str, Existing]) -> list[Step]:
    return [_step(topic, existing.get(topic.topic.name)) for topic in table]


def _step(want: Wanted, have: Existing | None) -> Step:
    name = want.topic.name
    if have is None:
        return Create(want)
    if have.partitions != want.partitions:
        return Refuse(
            name, f"it has {have.partitions} partitions, not {want.partitions}, and that never changes"
        )
    if have.replication != want.replication:
        reason = f"its replication factor is {have.replication}, not {want.replication}"
        return Refuse(name, f"{reason}: give or leave out --dev, or reassign its partitions first")
    changes = {
        key: (have.effective.get(key), value)
        for key, value in want.settings.items()
        if have.effective.get(key) != value
    }
    if not changes:
        return Keep(name)
    return Alter(name, changes, {**have.overrides, **want.settings})


def bounds(effective: Mapping[str, Settings], *, cleaner_backoff_ms: int) -> dict[str, float]:
    """Seconds from tombstone to erased for each erasable topic, from the settings it has."""
    return {
        topic.name: erasure_bound(dict(effective[topic.name]), cleaner_backoff_ms=cleaner_backoff_ms)
        for topic in TABLE
        if topic.erasable
    }
