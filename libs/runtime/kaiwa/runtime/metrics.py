"""Every metric of every service, one line of meaning each: the catalogue behind dashboards and alerts.

Base units (seconds, bytes), no ids and nothing of a customer in labels. A process shows what every service has and
what is its own: a gauge of a stranger, standing at zero, would trip that stranger's alert.
"""

from typing import Final

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

_EVERY: Final = CollectorRegistry()
_INGEST: Final = CollectorRegistry()
_DISPATCHER: Final = CollectorRegistry()
_COMPLIANCE: Final = CollectorRegistry()
_OF: Final = {"ingest": _INGEST, "dispatcher": _DISPATCHER, "compliance": _COMPLIANCE}

# From one round trip on a local network to the platform's five seconds.
_LATENCY: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 3.5, 5)
# From a test's bound to a day.
_LONG: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 86400)

# ── every service ────────────────────────────────────────────────────────────────────────────────────────────────────

# How late the event loop came back to its heartbeat; above 0.1 something blocks it.
LOOP_LAG: Final = Histogram(
    "kaiwa_loop_lag_seconds", "Delay of the event loop's heartbeat", buckets=_LATENCY, registry=_EVERY
)
# Connections refused because as many are open as may be.
CONNECTIONS_REFUSED: Final = Counter(
    "kaiwa_connections_refused_total", "Connections refused at the cap", registry=_EVERY
)
# 1 while the process's producer reaches Kafka.
KAFKA_CONNECTED: Final = Gauge("kaiwa_kafka_connected", "Whether Kafka is reached", registry=_EVERY)
# Producers replaced after an error that they do not survive.
PRODUCER_REBUILDS: Final = Counter(
    "kaiwa_producer_rebuilds_total", "Producers replaced after an error", registry=_EVERY
)
# Publishing: from the first send to the last acknowledgement of one call.
PRODUCE_SECONDS: Final = Histogram(
    "kaiwa_produce_seconds", "One publish, all acknowledgements", buckets=_LATENCY, registry=_EVERY
)
# Batches handled and committed.
BATCHES: Final = Counter("kaiwa_consumer_batches_total", "Batches handled", ["group"], registry=_EVERY)
# Records in those batches, repeats included.
RECORDS: Final = Counter("kaiwa_consumer_records_total", "Records handled", ["group"], registry=_EVERY)
# Batches whose handling failed and that came again.
REWINDS: Final = Counter(
    "kaiwa_consumer_rewinds_total", "Batches rewound after a failure", ["group"], registry=_EVERY
)
# Seconds since the consumer last moved forward while there was something to read; 0 when it has caught up.
PROGRESS_AGE: Final = Gauge(
    "kaiwa_consumer_progress_age_seconds", "Time without progress", ["group"], registry=_EVERY
)
# Records nobody could understand, kept in quarantine.
QUARANTINED: Final = Counter(
    "kaiwa_quarantined_total", "Records put into quarantine", ["reason"], registry=_EVERY
)
# Rows of the outbox that Kafka has not acknowledged yet.
OUTBOX_LAG: Final = Gauge("kaiwa_outbox_lag", "Outbox rows waiting for Kafka", registry=_EVERY)

# ── ingest ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# Requests to the webhook, by what became of them (accepted, unavailable, overloaded, bad_signature, too_large, …).
WEBHOOKS: Final = Counter("kaiwa_ingest_webhooks_total", "Webhook requests", ["outcome"], registry=_INGEST)
# From the request's head to our 200; the platform gives up after 5.
ACK_SECONDS: Final = Histogram(
    "kaiwa_ingest_ack_seconds", "Webhook to acknowledgement", buckets=_LATENCY, registry=_INGEST
)
# Events published, by kind.
EVENTS: Final = Counter("kaiwa_ingest_events_total", "Events published", ["kind"], registry=_INGEST)
# Signed deliveries for objects that are not ours to store (`page`).
OTHER_OBJECTS: Final = Counter(
    "kaiwa_ingest_other_objects_total", "Deliveries of other objects", registry=_INGEST
)
# Bytes of bodies between arrival and answer; at the cap new ones get 503.
BYTES_IN_FLIGHT: Final = Gauge("kaiwa_ingest_in_flight_bytes", "Bodies being handled", registry=_INGEST)
# Webhooks and callbacks between arrival and answer; at the cap new ones get 503.
REQUESTS_IN_FLIGHT: Final = Gauge("kaiwa_ingest_requests_open", "Requests being handled", registry=_INGEST)
# Apps most of whose traffic cannot be decoded; what of it cannot gets 503 instead of filling the quarantine.
FUSES_OPEN: Final = Gauge("kaiwa_ingest_fuses_open", "Apps whose fuse is open", registry=_INGEST)
# Facts for analytics that were given up: they never hold an event back.
FACTS_LOST: Final = Counter(
    "kaiwa_ingest_facts_lost_total", "Analytics facts not published", registry=_INGEST
)
# Callbacks (deletion, deauthorisation), by what became of them.
CALLBACKS: Final = Counter(
    "kaiwa_ingest_callbacks_total", "Callback requests", ["callback", "outcome"], registry=_INGEST
)

# ── dispatcher ───────────────────────────────────────────────────────────────────────────────────────────────────────

# Send requests taken in, by outcome (accepted, refused, repeated).
INTAKE: Final = Counter(
    "kaiwa_dispatcher_intake_total", "Send requests taken in", ["outcome"], registry=_DISPATCHER
)
# Decisions just before a call, by verdict and reason code (empty for send).
DECISIONS: Final = Counter(
    "kaiwa_dispatcher_decisions_total", "Decisions", ["verdict", "reason"], registry=_DISPATCHER
)
# Calls to the platform that may have sent something, by how they ended.
SENDS: Final = Counter(
    "kaiwa_dispatcher_sends_total", "Calls to the Send API", ["outcome"], registry=_DISPATCHER
)
# One call, first byte out to answer.
SEND_SECONDS: Final = Histogram(
    "kaiwa_dispatcher_send_seconds",
    "One call to the Send API",
    buckets=(*_LATENCY, 10, 20),
    registry=_DISPATCHER,
)
# Messages whose outcome is not known yet.
IN_DOUBT: Final = Gauge("kaiwa_dispatcher_in_doubt", "Messages in doubt", registry=_DISPATCHER)
# In doubt no longer, by the evidence that settled it.
SETTLED: Final = Counter(
    "kaiwa_dispatcher_settled_total", "Messages settled", ["evidence"], registry=_DISPATCHER
)
# Age of the oldest message that is due and not sent.
QUEUE_AGE: Final = Gauge("kaiwa_dispatcher_queue_age_seconds", "Oldest due message", registry=_DISPATCHER)
# Disclosures delivered, by what made them due.
DISCLOSURES: Final = Counter(
    "kaiwa_dispatcher_disclosures_total", "Disclosures sent", ["trigger"], registry=_DISPATCHER
)
# Time that limits kept messages waiting for a token, by bucket class.
TOKENS_WAITED: Final = Counter(
    "kaiwa_dispatcher_tokens_waited_seconds_total",
    "Waiting for rate tokens",
    ["bucket"],
    registry=_DISPATCHER,
)
# Age of the oldest content row; above the longest grace something is not erased.
CONTENT_AGE: Final = Gauge(
    "kaiwa_dispatcher_content_age_seconds", "Oldest sealed content", registry=_DISPATCHER
)

# ── compliance ───────────────────────────────────────────────────────────────────────────────────────────────────────

# Erasures opened, by why (unsent, late_copy).
CASES: Final = Counter("kaiwa_compliance_cases_total", "Erasures opened", ["reason"], registry=_COMPLIANCE)
# Tombstones written, by why (unsent, late_copy).
TOMBSTONES: Final = Counter(
    "kaiwa_compliance_tombstones_total", "Tombstones", ["topic", "reason"], registry=_COMPLIANCE
)
# Heartbeats written; without them nothing is physically erased.
HEARTBEATS: Final = Counter(
    "kaiwa_compliance_heartbeats_total", "Heartbeats", ["topic"], registry=_COMPLIANCE
)
# Age of the oldest partition's newest record; above two periods erasure is not going on.
HEARTBEAT_AGE: Final = Gauge(
    "kaiwa_compliance_heartbeat_age_seconds", "Oldest heartbeat", ["topic"], registry=_COMPLIANCE
)
# Erasure orders without all receipts.
ERASURES_OPEN: Final = Gauge(
    "kaiwa_compliance_erasures_open", "Open erasure orders", ["scope"], registry=_COMPLIANCE
)
# From reading an unsend to its tombstones being acknowledged.
UNSEND_TO_TOMBSTONE: Final = Histogram(
    "kaiwa_compliance_unsend_to_tombstone_seconds",
    "Unsend to tombstone",
    buckets=(*_LATENCY, 15, 60),
    registry=_COMPLIANCE,
)
# From reading an unsend to the verifier finding nothing.
VERIFIED_SECONDS: Final = Histogram(
    "kaiwa_compliance_verified_seconds", "Unsend to verified absence", buckets=_LONG, registry=_COMPLIANCE
)
# Verifications that still found what should be gone.
FOUND_AGAIN: Final = Counter(
    "kaiwa_compliance_found_again_total", "Content found after its bound", registry=_COMPLIANCE
)
# Leaves of the ledger's tree.
LEDGER_SIZE: Final = Gauge("kaiwa_compliance_ledger_size", "Ledger entries sealed", registry=_COMPLIANCE)
# Age of the oldest entry that no checkpoint covers yet.
OLDEST_UNSEALED: Final = Gauge(
    "kaiwa_compliance_ledger_unsealed_seconds", "Oldest unsealed entry", registry=_COMPLIANCE
)

for _collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
    _EVERY.register(_collector)


CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4.encode()


def expose(service: str) -> bytes:
    """What `/metrics` of a service shows, in Prometheus' text format."""
    own = _OF.get(service)
    return generate_latest(_EVERY) + (generate_latest(own) if own else b"")
