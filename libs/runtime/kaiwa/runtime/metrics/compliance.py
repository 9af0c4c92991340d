"""Compliance's own metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from kaiwa.runtime.metrics.registry import COMPLIANCE, LATENCY, LONG

# Erasures opened, by why (unsent, late_copy).
CASES: Final = Counter("kaiwa_compliance_cases_total", "Erasures opened", ["reason"], registry=COMPLIANCE)
# Tombstones written, by why (unsent, late_copy).
TOMBSTONES: Final = Counter(
    "kaiwa_compliance_tombstones_total", "Tombstones", ["topic", "reason"], registry=COMPLIANCE
)
# Heartbeats written; without them nothing is physically erased.
HEARTBEATS: Final = Counter("kaiwa_compliance_heartbeats_total", "Heartbeats", ["topic"], registry=COMPLIANCE)
# Age of the oldest partition's newest record; above two periods erasure is not going on.
HEARTBEAT_AGE: Final = Gauge(
    "kaiwa_compliance_heartbeat_age_seconds", "Oldest heartbeat", ["topic"], registry=COMPLIANCE
)
# Erasure orders without all receipts.
ERASURES_OPEN: Final = Gauge(
    "kaiwa_compliance_erasures_open", "Open erasure orders", ["scope"], registry=COMPLIANCE
)
# From reading an unsend to its tombstones being acknowledged.
UNSEND_TO_TOMBSTONE: Final = Histogram(
    "kaiwa_compliance_unsend_to_tombstone_seconds",
    "Unsend to tombstone",
    buckets=(*LATENCY, 15, 60),
    registry=COMPLIANCE,
)
# From reading an unsend to the verifier finding nothing.
VERIFIED_SECONDS: Final = Histogram(
    "kaiwa_compliance_verified_seconds", "Unsend to verified absence", buckets=LONG, registry=COMPLIANCE
)
# Verifications that still found what should be gone.
FOUND_AGAIN: Final = Counter(
    "kaiwa_compliance_found_again_total", "Content found after its bound", registry=COMPLIANCE
)
# Leaves of the ledger's tree.
LEDGER_SIZE: Final = Gauge("kaiwa_compliance_ledger_size", "Ledger entries sealed", registry=COMPLIANCE)
# Age of the oldest entry that no checkpoint covers yet.
OLDEST_UNSEALED: Final = Gauge(
    "kaiwa_compliance_ledger_unsealed_seconds", "Oldest unsealed entry", registry=COMPLIANCE
)
