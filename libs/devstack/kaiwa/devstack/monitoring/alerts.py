"""Alerts on causes, each one that a person can do something about; what users feel is the objectives' affair."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kaiwa.devstack.monitoring.panels import RUNBOOKS
from kaiwa.devstack.monitoring.slos import SLOS, Rule, Severity


@dataclass(frozen=True)
class Alert:
    """`expr` is PromQL, `lasting` how long it has to hold. `summary` says what is wrong, `then` what comes of it."""

    name: str
    severity: Severity
    expr: str
    lasting: str
    summary: str
    then: str

    def rule(self) -> Rule:
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "description": self.then},
        }


def _fresh(gauge: str, *by: str) -> str:
    """What a gauge has more of than an hour ago: findings stay open for weeks, and are news once."""
    now = f"max by ({', '.join(by)}) ({gauge})"
    before = f"max by ({', '.join(by)}) ({gauge} offset 1h)"
    return f"{now} - ({before} or {now} * 0) > 0"


ALERTS: Final = (
    Alert(
        "KaiwaServiceDown",
        "page",
        'up{job=~"ingest|dispatcher|compliance"} == 0',
        "5m",
        "{{ $labels.job }} does not answer its probe",
        "One pod of it cannot be scraped; if it is the last one, its work stands still.",
    ),
    Alert(
        "KaiwaKafkaAway",
        "page",
        "kaiwa_kafka_connected == 0",
        "2m",
        "{{ $labels.job }} does not reach Kafka",
        "Ingest answers 503 and Meta delivers again, for an hour at least; workers wait.",
    ),
    Alert(
        "KaiwaConsumerStuck",
        "page",
        "kaiwa_consumer_progress_age_seconds > 110",
        "1m",
        "The consumer {{ $labels.group }} does not move although there is something to read",
        "Its liveness probe restarts the pod; that it fires means that the restart did not help.",
    ),
    Alert(
        "KaiwaBatchesRewind",
        "ticket",
        "rate(kaiwa_consumer_rewinds_total[10m]) > 0.05",
        "10m",
        "Batches of {{ $labels.group }} fail again and again",
        "The cause does not go away by itself, and the group does not get past it.",
    ),
    Alert(
        "KaiwaOutboxStuck",
        "page",
        "max(kaiwa_outbox_lag) > 1000",
        "5m",
        "Outcomes do not reach Kafka",
        "Callers do not learn what became of their messages, and the audit does not see them.",
    ),
    Alert(
        "KaiwaLoopBlocked",
        "ticket",
        "histogram_quantile(0.99, sum by (job, le) (rate(kaiwa_loop_lag_seconds_bucket[10m]))) > 0.25",
        "10m",
        "The event loop of {{ $labels.job }} is late",
        "Too little CPU, or something blocks it: slots are missed and answers come late.",
    ),
    Alert(
        "KaiwaFuseOpen",
        "page",
        "max(kaiwa_ingest_fuses_open) > 0",
        "2m",
        "Most of an app's traffic cannot be decoded",
        "What cannot be decoded gets 503 and is delivered again for a while: a bad deploy, ours or Meta's.",
    ),
    Alert(
        "KaiwaQuarantineGrows",
        "ticket",
        "sum(increase(kaiwa_quarantined_total[1h])) > 50",
        "5m",
        "Records go to quarantine",
        "They are kept for three days and can be replayed once the cause is mended.",
    ),
    Alert(
        "KaiwaSignaturesRefused",
        "ticket",
        'sum(rate(kaiwa_ingest_webhooks_total{outcome="bad_signature"}[15m]))'
        " > 0.2 * sum(rate(kaiwa_ingest_webhooks_total[15m]))",
        "15m",
        "A fifth of the webhooks are signed with a secret that we do not have",
        "If it is Meta, its events are lost after its retries: a secret was rotated, or an app is missing in the apps file.",
    ),
    Alert(
        "KaiwaThrottled",
        "ticket",
        "sum by (scope) (increase(kaiwa_dispatcher_pauses_total[1h])) > 5",
        "5m",
        "The platform throttles us by {{ $labels.scope }}",
        "Messages wait. Our limits are meant to stay below its own: one of them is too high, or somebody else calls, too.",
    ),
    Alert(
        "KaiwaAccountsNeedLogin",
        "ticket",
        'max(kaiwa_dispatcher_accounts_size{state=~"needs_reauth|restricted"}) > 0',
        "15m",
        "Accounts cannot send",
        "Their messages wait until the owner logs in again or the platform lifts its restriction.",
    ),
    Alert(
        "KaiwaAccountsSilent",
        "ticket",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="silent"}) > 0',
        "30m",
        "Accounts that used to be busy get no webhooks",
        "What customers write to them does not reach us; Meta keeps it for hours at most.",
    ),
    Alert(
        "KaiwaAccountsUnsubscribed",
        "page",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="unsubscribed"}) > 0',
        "15m",
        "Meta sends no webhooks for some accounts",
        "Their subscription is gone and could not be made again: nothing that customers write reaches us.",
    ),
    Alert(
        "KaiwaTokensEnd",
        "ticket",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="token_ending"}) > 0',
        "1h",
        "Tokens end within a week",
        "They could not be refreshed for weeks. Once they have ended, only a new login helps.",
    ),
    Alert(
        "KaiwaAccountsUnanswered",
        "ticket",
        'max(kaiwa_dispatcher_troubled_accounts_size{trouble="unanswered"}) > 0',
        "1h",
        "Meta does not answer questions about some accounts",
        "A login that ends, or a subscription that is gone, is not noticed meanwhile.",
    ),
    Alert(
        "KaiwaDoubtLasts",
        "ticket",
        "max(kaiwa_dispatcher_in_doubt_age_seconds) > 900",
        "2m",
        "Messages are in doubt for more than a quarter of an hour",
        "No evidence settles them: whether customers got them only a person can see.",
    ),
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
        "KaiwaDoorFails",
        "page",
        'sum(rate(kaiwa_dispatcher_door_requests_total{status=~"5.."}[10m]))'
        " / sum(rate(kaiwa_dispatcher_door_requests_total[10m])) > 0.05",
        "10m",
        "The door fails {{ $value | humanizePercentage }} of what callers ask",
        "What was answered 202 is on Kafka and goes out. What was answered 5xx is the caller's to ask again.",
    ),
    Alert(
        "KaiwaDoorSlow",
        "ticket",
        '1 - sum(rate(kaiwa_dispatcher_door_seconds_bucket{route!="GET /v1/outcomes",le="1.0"}[10m]))'
        ' / sum(rate(kaiwa_dispatcher_door_seconds_count{route!="GET /v1/outcomes"}[10m])) > 0.05',
        "10m",
        "The door takes above a second for {{ $value | humanizePercentage }} of what callers ask",
        "Who waits for outcomes waits on purpose and is not counted.",
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


def groups() -> list[dict[str, Any]]:
    """All rules, as Prometheus reads them."""
    return [
        *(
            {"name": f"kaiwa-slo-{slo.name}", "rules": [*slo.recordings(), *map(_told, slo.alerts())]}
            for slo in SLOS
        ),
        {"name": "kaiwa-causes", "rules": [_told(alert.rule()) for alert in ALERTS]},
    ]


def names() -> Iterator[str]:
    """Each alert once: each has a runbook of its name."""
    yield from (slo.alert for slo in SLOS)
    yield from (alert.name for alert in ALERTS)


def _told(rule: Rule) -> Rule:
    return {**rule, "annotations": {**rule["annotations"], "runbook_url": f"{RUNBOOKS}/{rule['alert']}.md"}}
