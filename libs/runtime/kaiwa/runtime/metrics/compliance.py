"""Compliance's own metrics. While the database cannot be asked, the ages of erasures and of what is unsealed grow."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from kaiwa.runtime.metrics.registry import COMPLIANCE, LATENCY, LONG

# Erasures opened, by why (unsent, late_copy, data_deletion, deauthorised, operator, list, reapplied).
CASES: Final = Counter("kaiwa_compliance_cases_total", "Erasures opened", ["reason"], registry=COMPLIANCE)
# Tombstones written, by why: an erasure's reason, or retention.
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
# Age of the oldest order without all receipts; 0 where there is none.
ERASURE_AGE: Final = Gauge(
    "kaiwa_compliance_erasure_age_seconds", "Oldest open erasure order", ["scope"], registry=COMPLIANCE
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
# Since the oldest unsend or order of which nobody has read yet that nothing is left; 0 where there is none.
UNVERIFIED_AGE: Final = Gauge(
    "kaiwa_compliance_unverified_age_seconds", "Oldest unverified erasure", registry=COMPLIANCE
)
# Erasures that closed, by scope and whether all of it was in time (yes, no).
CLOSED: Final = Counter(
    "kaiwa_compliance_closed_total", "Erasures closed", ["scope", "in_time"], registry=COMPLIANCE
)
# Verifications that still found what should be gone.
FOUND_AGAIN: Final = Counter(
    "kaiwa_compliance_found_again_total", "Content found after its bound", registry=COMPLIANCE
)
# Leaves of the ledger's tree.
LEDGER_SIZE: Final = Gauge("kaiwa_compliance_ledger_size", "Ledger entries sealed", registry=COMPLIANCE)
# Leaves of the ledger's tree that were recomputed and are what was signed.
LEDGER_VERIFIED: Final = Gauge(
    "kaiwa_compliance_ledger_verified_size", "Ledger entries verified", registry=COMPLIANCE
)
# Since the ledger was last found to be what was signed; the smallest of all processes counts, as one of them looks.
LEDGER_VERIFIED_AGE: Final = Gauge(
    "kaiwa_compliance_ledger_verified_age_seconds",
    "Seconds since the ledger was verified",
    registry=COMPLIANCE,
)
# 1 where the ledger is not what was signed.
LEDGER_ALTERED: Final = Gauge(
    "kaiwa_compliance_ledger_altered_open", "The ledger was altered", registry=COMPLIANCE
)
# Age of the oldest entry that no checkpoint covers yet.
OLDEST_UNSEALED: Final = Gauge(
    "kaiwa_compliance_ledger_unsealed_seconds", "Oldest unsealed entry", registry=COMPLIANCE
)
# Requests of people that ended, by where they came from and how (done, refused).
REQUESTS: Final = Counter(
    "kaiwa_compliance_requests_total", "Requests that ended", ["source", "state"], registry=COMPLIANCE
)
# Requests that wait for an operator, by where they came from: nobody knows whose data, or whose tokens, they mean.
REQUESTS_QUEUED: Final = Gauge(
    "kaiwa_compliance_queue_size", "Requests without a match", ["source"], registry=COMPLIANCE
)
# Receipts that nobody owes: unknown_erasure, unknown_holder.
STRAY_RECEIPTS: Final = Counter(
    "kaiwa_compliance_stray_receipts_total", "Receipts that belong to no duty", ["why"], registry=COMPLIANCE
)
# From an erasure's opening to each holder's receipt.
RECEIPT_SECONDS: Final = Histogram(
    "kaiwa_compliance_receipt_seconds", "Opening to receipt", ["holder"], buckets=LONG, registry=COMPLIANCE
)
# Receipts that did not come in time or said that deleting failed; each once.
ESCALATIONS: Final = Counter(
    "kaiwa_compliance_escalations_total", "Late and failed receipts", ["holder", "why"], registry=COMPLIANCE
)
# Receipts that are owed now: the open erasures of each holder.
RECEIPTS_OWED: Final = Gauge(
    "kaiwa_compliance_receipts_open", "Receipts owed", ["holder"], registry=COMPLIANCE
)
# Receipts that are owed past their deadline now.
RECEIPTS_OVERDUE: Final = Gauge(
    "kaiwa_compliance_overdue_receipts_open", "Receipts past their deadline", ["holder"], registry=COMPLIANCE
)
# Since the last sweep over every partition; the smallest of all processes counts, as one of them sweeps.
SWEEP_AGE: Final = Gauge(
    "kaiwa_compliance_sweep_age_seconds", "Seconds since the last sweep", registry=COMPLIANCE
)
# Since the oldest closing of a case or request whose ids may still stand in PostgreSQL's files; 0 where none may.
IDS_ON_DISK: Final = Gauge(
    "kaiwa_compliance_ids_on_disk_age_seconds", "Oldest closed case with ids on the disk", registry=COMPLIANCE
)
# 1 where somebody set a topic so that what was erased may stay longer than promised.
SETTINGS_DRIFT: Final = Gauge(
    "kaiwa_compliance_settings_drift_open", "Settings that keep too long", ["topic"], registry=COMPLIANCE
)
# Seconds from a tombstone to the record's physical end that the topics' settings give now.
ERASURE_BOUND: Final = Gauge(
    "kaiwa_compliance_erasure_bound_seconds", "Bound of the settings in effect", registry=COMPLIANCE
)
# Seconds after which instagram.sends.v1 has let go of a request, by the settings in effect.
SENDS_BOUND: Final = Gauge(
    "kaiwa_compliance_sends_bound_seconds", "Bound of the requests' retention", registry=COMPLIANCE
)
# What the disclosure audit said of messages, by kind and state (disclosure delivered, missing, …); repeated when it changes.
AUDIT_VERDICTS: Final = Counter(
    "kaiwa_compliance_audit_verdicts_total", "Audit verdicts", ["kind", "state"], registry=COMPLIANCE
)
# Findings that nothing has cleared, for a person to look at.
AUDIT_FINDINGS: Final = Gauge(
    "kaiwa_compliance_audit_findings_open", "Open audit findings", ["kind", "state"], registry=COMPLIANCE
)
# How long ago the audit last knew everything; while this grows, nothing is found missing.
AUDIT_KNOWN_AGE: Final = Gauge(
    "kaiwa_compliance_audit_known_age_seconds", "Age of what the audit knows", registry=COMPLIANCE
)
# Status pages shown, by what they said (received, in_progress, done, refused, unknown, busy, away).
STATUS_PAGES: Final = Counter(
    "kaiwa_compliance_status_pages_total", "Status pages", ["shown"], registry=COMPLIANCE
)

# A series that first appears at 1 has no rate: those that objectives rest on are there from the start.
for _scope in ("message", "customer", "account"):
    for _in_time in ("yes", "no"):
        CLOSED.labels(_scope, _in_time)
