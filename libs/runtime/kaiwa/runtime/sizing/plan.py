"""From a workload to pods, partitions, disks and memory: arithmetic, nothing else."""

import math
from dataclasses import dataclass

from kaiwa.contracts import topics
from kaiwa.runtime.sizing import figures as f
from kaiwa.runtime.sizing.figures import DAY, HEADROOM

_FEWEST_PODS = 2  # one may be lost
_FEWEST_PARTITIONS = 12
_INTENTS_DAYS, _ECHOES_DAYS = 30, 3
_BY_NAME = {topic.name: topic for topic in topics.TABLE}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What comes and goes. `messages_per_day` are customers' messages, of all accounts together."""

    accounts: int
    messages_per_day: int
    replies_per_message: float = 1.0
    receipts_per_message: float = 1.0
    """Events about a message that are none: seen, reactions, edits."""
    peak: float = 6.0
    """How much more comes in the busiest second than on average."""
    newcomers: float = 0.05
    """Part of the messages that come from somebody new; a conversation's row stays."""
    days: int = 365
    """For how long conversations are counted."""
    retention: float = 3 * DAY
    bound: float = topics.DEFAULT_BOUND
    replicas: int = 3
    latency: float = f.PLATFORM_LATENCY.value


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Bytes are bytes, times are seconds; Kafka's bytes are those of all replicas."""

    events_per_second: float
    sends_per_second: float
    ingest_pods: int
    dispatcher_pods: int
    compliance_pods: int
    partitions: int
    kafka_bytes: float
    analytics_bytes: float
    """What of it the analytics topics take, which keep longest."""
    erasure_bytes_per_second: float
    postgres_bytes: float
    postgres_connections: int
    busiest_account_per_second: float
    """Sends in the busiest second of an account that has ten times its share."""


def plan(work: Workload) -> Plan:
    sends = work.messages_per_day * work.replies_per_message
    events = (work.messages_per_day + sends) * (1 + work.receipts_per_message)  # a send comes back as an echo
    events_a_second, sends_a_second = (daily / DAY * work.peak for daily in (events, sends))
    retained = events / DAY * work.retention * f.EVENT_BYTES.value
    partitions = _partitions(events_a_second, retained)
    dispatchers = _pods(sends_a_second, _sends_a_pod(work.latency))
    compliance = min(_pods(events_a_second, f.COMPLIANCE_RECORDS.value * HEADROOM), partitions)
    return Plan(
        events_per_second=events_a_second,
        sends_per_second=sends_a_second,
        ingest_pods=_pods(events_a_second, HEADROOM / f.INGEST_DELIVERY.value),
        dispatcher_pods=dispatchers,
        compliance_pods=compliance,
        partitions=partitions,
        kafka_bytes=work.replicas * (retained + _requests(sends) + _facts(events, sends)),
        analytics_bytes=work.replicas * _facts(events, sends),
        erasure_bytes_per_second=work.replicas * retained / _lag(work.bound),
        postgres_bytes=_rows(work, events, sends),
        postgres_connections=round(
            dispatchers * f.DISPATCHER_CONNECTIONS.value + compliance * f.COMPLIANCE_CONNECTIONS.value
        ),
        busiest_account_per_second=sends_a_second * min(1, 10 / work.accounts),
    )


def _pods(rate: float, each: float) -> int:
    return max(_FEWEST_PODS, math.ceil(rate / each))


def _sends_a_pod(latency: float) -> float:
    """What binds first: the processor, or the calls that may be open at once."""
    return min(HEADROOM / f.DISPATCHER_SEND.value, f.DISPATCHER_CALLS.value * HEADROOM / latency)


def _partitions(events_a_second: float, retained: float) -> int:
    """Enough for rate and size, in dozens, which divide among many numbers of pods."""
    needed = max(events_a_second / f.PARTITION_EVENTS.value, retained / f.PARTITION_BYTES.value)
    return max(_FEWEST_PARTITIONS, 12 * math.ceil(needed / 12))


def _lag(bound: float) -> float:
    """Seconds between two rounds of the log cleaner over a partition, from the topics' own settings."""
    chosen = topics.settings(_BY_NAME[topics.EVENTS], bound=bound, min_insync=1)
    return int(chosen["max.compaction.lag.ms"]) / 1000


def _requests(sends: float) -> float:
    """Bytes of requests and outcomes; the compacted topics beside the events are small."""
    return _kept(topics.SENDS, sends * f.SEND_BYTES.value) + _kept(
        topics.OUTCOMES, 2 * sends * f.OUTCOME_BYTES.value
    )


def _facts(events: float, sends: float) -> float:
    return _kept(topics.ANALYTICS_INBOUND, events * f.FACT_BYTES.value) + _kept(
        topics.ANALYTICS_OUTBOUND, sends * f.FACT_BYTES.value
    )


def _kept(topic: str, daily: float) -> float:
    """Bytes of a topic that is kept by time alone."""
    return daily * (_BY_NAME[topic].retention_ms or 0) / 1000 / DAY


def _rows(work: Workload, events: float, sends: float) -> float:
    conversations = work.messages_per_day * work.newcomers * work.days
    return (
        sends * _INTENTS_DAYS * f.INTENT_BYTES.value
        + sends * _ECHOES_DAYS * f.ECHO_BYTES.value
        + conversations * f.CONVERSATION_BYTES.value
        + events * (work.retention / DAY + 1) * f.PLACE_BYTES.value
    )
