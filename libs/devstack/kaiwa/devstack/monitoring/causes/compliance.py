"""Are we compliant?"""

from typing import Final

from kaiwa.devstack.monitoring.causes.alert import Alert


def _fresh(gauge: str, *by: str) -> str:
    """What a gauge has more of than an hour ago: findings stay open for weeks, and are news once."""
    now = f"max by ({', '.join(by)}) ({gauge})"
    before = f"max by ({', '.join(by)}) ({gauge} offset 1h)"
    return f"{now} - ({before} or {now} * 0) > 0"


COMPLIANCE: Final = (
    Alert(
        "KaiwaHeartbeatMissing",
        "page",
        "min by (topic) (kaiwa_compliance_heartbeat_age_seconds) > 600",
        "5m",
        "No heartbeats in {{ $labels.topic }}",
        "Without them Kafka does not roll its segments: what was deleted stays on disk beyond its bound.",
    ),
    Alert(
        "KaiwaFoundAgain",
        "page",
        "sum(increase(kaiwa_compliance_found_again_total[1h])) > 0",
        "0m",
        "Something that should be gone was found",
        "Its tombstones are written again; the log line `erased_record_found` names topic, partition and offset.",
    ),
    Alert(
        "KaiwaReceiptOverdue",
        "ticket",
        "max by (holder) (kaiwa_compliance_overdue_receipts_open) > 0",
        "5m",
        "{{ $labels.holder }} owes receipts past their deadline",
        "The erasures do not close, and nobody can say that the data are gone there.",
    ),
    Alert(
        "KaiwaRequestsWait",
        "ticket",
        "max by (source) (kaiwa_compliance_queue_size) > 0",
        "1h",
        "A request ({{ $labels.source }}) waits for an operator",
        "Nobody knows whose data they mean; the law's clock runs (a month at most).",
    ),
    Alert(
        "KaiwaSettingsDrift",
        "page",
        "max by (topic) (kaiwa_compliance_settings_drift_open) > 0",
        "5m",
        "{{ $labels.topic }} keeps longer than promised",
        "Somebody changed its settings: what is erased stays on disk beyond the bound.",
    ),
    Alert(
        "KaiwaSweepStopped",
        "ticket",
        "min(kaiwa_compliance_sweep_age_seconds) > 3600",
        "10m",
        "Nothing is swept",
        "Content that is past its retention stays.",
    ),
    Alert(
        "KaiwaContentKept",
        "ticket",
        "max(kaiwa_dispatcher_content_age_seconds) > 10800",
        "10m",
        "Sealed content stays in PostgreSQL beyond its grace",
        "It is ciphertext, and still it should be gone.",
    ),
    Alert(
        "KaiwaSlicesKept",
        "ticket",
        "max(kaiwa_dispatcher_content_slice_age_seconds) > 3600",
        "10m",
        "A slice of contents is not emptied",
        "Bytes of erased messages, as ciphertext, may still be in PostgreSQL's files.",
    ),
    Alert(
        "KaiwaIdsKept",
        "ticket",
        "max(kaiwa_compliance_ids_on_disk_age_seconds) > 3600",
        "10m",
        "Ids of closed erasures stay in PostgreSQL's files",
        "The tables that held them are not written anew.",
    ),
    Alert(
        "KaiwaDisclosureMissing",
        "page",
        _fresh('kaiwa_compliance_audit_findings_open{kind="disclosure"}', "state"),
        "5m",
        "The audit found disclosures that are {{ $labels.state }}",
        "Automation wrote to people without saying what it is, or nobody can show that it did.",
    ),
    Alert(
        "KaiwaAuditFindings",
        "ticket",
        _fresh('kaiwa_compliance_audit_findings_open{kind!="disclosure"}', "kind", "state"),
        "5m",
        "The audit has new findings: {{ $labels.kind }} {{ $labels.state }}",
        "They are flags, not verdicts: somebody should look at them.",
    ),
    Alert(
        "KaiwaAuditBehind",
        "ticket",
        "min(kaiwa_compliance_audit_known_age_seconds) > 1800",
        "10m",
        "The audit does not know what happened lately",
        "While that lasts it finds nothing missing, whatever is.",
    ),
    Alert(
        "KaiwaLedgerUnsealed",
        "ticket",
        "max(kaiwa_compliance_ledger_unsealed_seconds) > 300",
        "5m",
        "The ledger does not keep up",
        "What no checkpoint covers is not proven yet.",
    ),
    Alert(
        "KaiwaLedgerAltered",
        "page",
        "max(kaiwa_compliance_ledger_altered_open) > 0",
        "0m",
        "The ledger is not what was signed",
        "Somebody changed it past the triggers, or the signing keys are not those that signed. What it proves is in doubt.",
    ),
    Alert(
        "KaiwaLedgerUnverified",
        "ticket",
        "min(kaiwa_compliance_ledger_verified_age_seconds) > 900",
        "5m",
        "Nobody checks the ledger",
        "It is still written and signed; that it was altered would not be noticed.",
    ),
)
