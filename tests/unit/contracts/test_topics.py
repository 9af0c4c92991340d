"""Every topic against the table of the design, and the erasure bound its settings give, by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts import topics
from kaiwa.contracts.topics import TABLE, Topic, erasure_bound, heartbeat_period, settings

BY_NAME = {topic.name: topic for topic in TABLE}
DAYS = 86_400_000
ERASABLE = {
    "instagram.events.v1",
    "instagram.quarantine.v1",
    "instagram.erasures.v1",
    "instagram.erasure-receipts.v1",
}


@pytest.mark.parametrize(
    ("name", "cleanup", "retention_ms", "largest"),
    [
        ("instagram.events.v1", "compact,delete", 4 * DAYS, 8_454_144),
        ("instagram.quarantine.v1", "compact,delete", 4 * DAYS, 8_454_144),
        ("instagram.sends.v1", "delete", DAYS, 8_454_144),
        ("instagram.outcomes.v1", "delete", 14 * DAYS, None),
        ("instagram.privacy.v1", "delete", 90 * DAYS, None),
        ("instagram.accounts.v1", "compact", -1, None),
        ("instagram.erasures.v1", "compact", -1, None),
        ("instagram.erasure-receipts.v1", "compact", -1, None),
        ("instagram.ledger-checkpoints.v1", "compact", -1, None),
        ("analytics.instagram.inbound.v1", "delete", 400 * DAYS, None),
        ("analytics.instagram.outbound.v1", "delete", 400 * DAYS, None),
        ("analytics.instagram.compliance.v1", "delete", 400 * DAYS, None),
    ],
)
def test_the_table_of_the_design(name: str, cleanup: str, retention_ms: int, largest: int | None) -> None:
    """Breaks when a topic keeps what it should lose, or loses what it should keep."""
    chosen = settings(BY_NAME[name], bound=3600, min_insync=2)
    assert chosen["cleanup.policy"] == cleanup
    assert chosen["retention.ms"] == str(retention_ms)
    assert chosen.get("max.message.bytes") == (str(largest) if largest else None)
    assert chosen["min.insync.replicas"] == "2"
    assert chosen["unclean.leader.election.enable"] == "false"
    assert ("max.compaction.lag.ms" in chosen) is (name in ERASABLE)


def test_no_topic_is_beside_the_table() -> None:
    names = {value for name, value in vars(topics).items() if name.isupper() and str(value).endswith(".v1")}
    assert set(BY_NAME) == names
    assert len(TABLE) == len(BY_NAME) == 12


def test_sends_roll_by_the_hour() -> None:
    """Its retention is its bound of erasure (25 h 5 min). Breaks when segments live as long as Kafka's default."""
    assert settings(BY_NAME[topics.SENDS], bound=3600, min_insync=2)["segment.ms"] == "3600000"


@pytest.mark.parametrize(
    ("bound", "lag", "delay"),
    [(3600, 2_685_000, 59_667), (300, 210_000, 4_667), (30, 7_500, 167), (25, 3_750, 83)],
)
def test_settings_of_a_bound(bound: float, lag: int, delay: int) -> None:
    """Three quarters and a sixtieth of what 20 s of reserve leave."""
    chosen = settings(BY_NAME[topics.EVENTS], bound=bound, min_insync=1)
    assert chosen["max.compaction.lag.ms"] == str(lag)
    assert chosen["file.delete.delay.ms"] == str(delay)
    assert chosen["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize("bound", [-1, 0, 24.9])
def test_a_bound_that_cannot_be_kept_is_refused(bound: float) -> None:
    with pytest.raises(ValueError, match="the smallest is 25 s"):
        settings(BY_NAME[topics.EVENTS], bound=bound, min_insync=1)


@pytest.mark.parametrize(
    ("lag", "period"), [(9_000, 1), (7_500, 7.5 / 9), (2_685_000, 298.3333), (9_000_000, 300)]
)
def test_heartbeat_period(lag: int, period: float) -> None:
    assert heartbeat_period(lag) == pytest.approx(period)


EFFECTIVE = {
    "cleanup.policy": "compact,delete",
    "message.timestamp.type": "LogAppendTime",
    "max.compaction.lag.ms": "9000",
    "file.delete.delay.ms": "500",
}


@pytest.mark.parametrize(
    ("change", "backoff", "seconds"),
    [
        ({}, 500, 9 + 1 + 0.5 + 0.5 + 15),
        ({}, 15_000, 9 + 1 + 15 + 0.5 + 15),
        ({"file.delete.delay.ms": "60000"}, 500, 9 + 1 + 0.5 + 60 + 15),
        ({"max.compaction.lag.ms": "9000000"}, 0, 9000 + 300 + 0.5 + 15),
        ({"cleanup.policy": "compact"}, 0, 9 + 1 + 0.5 + 15),
        ({"cleanup.policy": "delete"}, 500, float("inf")),
        ({"message.timestamp.type": "CreateTime"}, 500, float("inf")),
        ({"max.compaction.lag.ms": str(2**63 - 1)}, 500, float("inf")),
    ],
)
def test_erasure_bound(change: dict[str, str], backoff: int, seconds: float) -> None:
    """Promise 6: lag, heartbeat, back-off, delay and one round, added by hand. Breaks when a term is left out."""
    assert erasure_bound(EFFECTIVE | change, cleaner_backoff_ms=backoff) == pytest.approx(seconds)


@given(st.floats(25, 1e6), st.sampled_from([topic for topic in TABLE if topic.erasable]))
def test_any_bound_that_is_asked_for_is_kept(bound: float, topic: Topic) -> None:
    """Promise 6: with a back-off that its reserve allows. Breaks when a share grows."""
    chosen: dict[str, Any] = settings(topic, bound=bound, min_insync=1)
    assert erasure_bound(chosen, cleaner_backoff_ms=5000) <= bound + 0.01
