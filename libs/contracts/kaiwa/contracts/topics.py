"""Every topic, in one table, and the settings that make a deletion physical within a bound.

Why these settings: a tombstone erases its record only when the log cleaner compacts the segment that holds
it, the cleaner never reads the active segment, and a segment rolls only when a later record is appended.
So the time from tombstone to erased is

    max.compaction.lag.ms + heartbeat period + log.cleaner.backoff.ms + one cleaner round + file.delete.delay.ms

and every term is derived here from one number, the erasure bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

EVENTS = "instagram.events.v1"
QUARANTINE = "instagram.quarantine.v1"
SENDS = "instagram.sends.v1"
OUTCOMES = "instagram.outcomes.v1"
PRIVACY = "instagram.privacy.v1"
ACCOUNTS = "instagram.accounts.v1"
ERASURES = "instagram.erasures.v1"
RECEIPTS = "instagram.erasure-receipts.v1"
CHECKPOINTS = "instagram.ledger-checkpoints.v1"
ANALYTICS_INBOUND = "analytics.instagram.inbound.v1"
ANALYTICS_OUTBOUND = "analytics.instagram.outbound.v1"
ANALYTICS_COMPLIANCE = "analytics.instagram.compliance.v1"

HEARTBEAT_KEY = b"kaiwa.heartbeat"
"""Key of the records (empty value) that keep segments rolling; readers skip them."""

MAX_RECORD_BYTES = 8 * 1024 * 1024 + 64 * 1024
"""Largest record of a content topic: the webhook body cap and room for the envelope."""

DEFAULT_BOUND = 3600
"""Seconds from a tombstone to the record's physical end, in production."""

DEV_BOUND = 30
"""The same with ``--dev``."""

CLEANER_ROUND = 15
"""Seconds allowed for one round of the log cleaner over all partitions (measured: 1 to 15)."""

MIN_BOUND = 25
"""Below this, Kafka's own fixed delays leave nothing to configure."""

_HOUR = 3_600_000
_DAY = 24 * _HOUR
_NEVER = 3650 * _DAY // 1000  # seconds: Kafka's own default for a compaction lag is 292 million years
RESERVE = 20  # seconds kept for the cleaner's back-off and round, whatever the bound
_LAG_SHARE, _HEARTBEATS_PER_LAG, _DELETE_SHARE = 0.75, 9, 1 / 60
_MAX_HEARTBEAT = 300.0

Cleanup = Literal["delete", "compact", "compact,delete"]


@dataclass(frozen=True)
class Topic:
    """One row of the table. ``retention_ms`` bounds delete-only topics and idle partitions of the others."""

    name: str
    cleanup: Cleanup
    retention_ms: int | None = None
    segment_ms: int | None = None
    content: bool = False
    """Holds what people wrote: records up to :data:`MAX_RECORD_BYTES`, swept, erasable."""
    erasable: bool = False
    """Tombstones must become physical within the bound: heartbeats, LogAppendTime, compaction settings."""
    partitions: int | None = None
    """A fixed count, or None for the count chosen at creation (the same for all of those)."""


TABLE: tuple[Topic, ...] = (
    Topic(EVENTS, "compact,delete", retention_ms=4 * _DAY, content=True, erasable=True),
    Topic(QUARANTINE, "compact,delete", retention_ms=4 * _DAY, content=True, erasable=True),
    Topic(SENDS, "delete", retention_ms=_DAY, segment_ms=_HOUR, content=True),
    Topic(OUTCOMES, "delete", retention_ms=14 * _DAY),
    Topic(PRIVACY, "delete", retention_ms=90 * _DAY, partitions=1),
    Topic(ACCOUNTS, "compact", partitions=1),
    Topic(ERASURES, "compact", erasable=True, partitions=1),
    Topic(RECEIPTS, "compact", erasable=True, partitions=1),
    Topic(CHECKPOINTS, "compact", partitions=1),
    Topic(ANALYTICS_INBOUND, "delete", retention_ms=400 * _DAY),
    Topic(ANALYTICS_OUTBOUND, "delete", retention_ms=400 * _DAY),
    Topic(ANALYTICS_COMPLIANCE, "delete", retention_ms=400 * _DAY),
)


def settings(topic: Topic, *, bound: float, min_insync: int) -> dict[str, str]:
    """Kafka's topic settings for an erasure bound in seconds. Raises ValueError below :data:`MIN_BOUND`."""
    if bound < MIN_BOUND:
        msg = f"an erasure bound of {bound:g} s cannot be kept: the smallest is {MIN_BOUND} s"
        raise ValueError(msg)
    chosen = {
        "cleanup.policy": topic.cleanup,
        "min.insync.replicas": str(min_insync),
        "unclean.leader.election.enable": "false",
        "retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms),
    }
    if topic.segment_ms is not None:
        chosen["segment.ms"] = str(topic.segment_ms)
    if topic.content:
        chosen["max.message.bytes"] = str(MAX_RECORD_BYTES)
    if topic.content or topic.erasable:
        chosen["message.timestamp.type"] = "LogAppendTime"
    if topic.erasable:
        spread = bound - RESERVE
        chosen |= {
            "max.compaction.lag.ms": str(round(1000 * _LAG_SHARE * spread)),
            "file.delete.delay.ms": str(round(1000 * _DELETE_SHARE * spread)),
            "delete.retention.ms": str(_DAY),
        }
    return chosen


def heartbeat_period(max_compaction_lag_ms: int) -> float:
    """Seconds between heartbeats to each partition of a topic with this compaction lag."""
    return min(max_compaction_lag_ms / 1000 / _HEARTBEATS_PER_LAG, _MAX_HEARTBEAT)


def erasure_bound(effective: dict[str, str], *, cleaner_backoff_ms: int) -> float:
    """Seconds from tombstone to erased that a topic's effective settings give; ``inf`` where nothing bounds it."""
    if "compact" not in effective["cleanup.policy"] or effective["message.timestamp.type"] != "LogAppendTime":
        return float("inf")
    lag = int(effective["max.compaction.lag.ms"])
    delays = lag + cleaner_backoff_ms + int(effective["file.delete.delay.ms"])
    bound = delays / 1000 + heartbeat_period(lag) + CLEANER_ROUND
    return bound if bound < _NEVER else float("inf")


def kept_longer(topic: Topic, effective: Mapping[str, str]) -> list[str]:
    """What somebody set so that records may stay longer than the table says: a line for each setting."""
    wanted = {"retention.ms": topic.retention_ms, "segment.ms": topic.segment_ms}
    found = [
        f"{topic.name} has {name} {effective[name]}, and {most} is the most"
        for name, most in wanted.items()
        if most is not None and not 0 <= int(effective[name]) <= most
    ]
    if topic.cleanup != "compact" and "delete" not in effective["cleanup.policy"]:
        found.append(f"{topic.name} has cleanup.policy {effective['cleanup.policy']}, which lacks delete")
    return found
