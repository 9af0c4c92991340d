"""For each alert, series on which it fires and series on which it stays silent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Series in promtool's notation; `at` is when it is judged. `fires` are those that fire, `stays` those that do not."""

    fires: dict[str, str]
    stays: dict[str, str]
    at: str = "30m"


OK_WEBHOOKS = 'kaiwa_ingest_webhooks_total{outcome="accepted"}'
BAD_WEBHOOKS = 'kaiwa_ingest_webhooks_total{outcome="bad_signature"}'
FOUND = 'kaiwa_compliance_audit_findings_open{kind="%s",state="%s"}'
TROUBLED = 'kaiwa_dispatcher_troubled_accounts_size{trouble="%s"}'
QUEUE = 'kaiwa_dispatcher_queue_age_seconds{lane="%s"}'
HANDED = 'kaiwa_dispatcher_handover_seconds_count{lane="human"}'
DOOR = 'kaiwa_dispatcher_door_requests_total{status="%s"}'
ASKED = 'kaiwa_dispatcher_door_seconds_%s{route="%s"%s}'
LAG = 'kaiwa_loop_lag_seconds_bucket{job="dispatcher",le="%s"}'

CASES = {
    "KaiwaServiceDown": Case(
        {'up{job="ingest"}': "0x60"}, {'up{job="ingest"}': "1x60", 'up{job="other"}': "0x60"}
    ),
    "KaiwaKafkaAway": Case({"kaiwa_kafka_connected": "0x60"}, {"kaiwa_kafka_connected": "0 1x60"}),
    "KaiwaConsumerStuck": Case(
        {"kaiwa_consumer_progress_age_seconds": "0+60x60"}, {"kaiwa_consumer_progress_age_seconds": "100x60"}
    ),
    "KaiwaBatchesRewind": Case(
        {"kaiwa_consumer_rewinds_total": "0+6x60"}, {"kaiwa_consumer_rewinds_total": "0 5x60"}
    ),
    "KaiwaOutboxStuck": Case({"kaiwa_outbox_lag": "2000x60"}, {"kaiwa_outbox_lag": "2000 10x60"}),
    "KaiwaLoopBlocked": Case(
        {LAG % "0.25": "0+1x60", LAG % "1.0": "0+100x60", LAG % "+Inf": "0+100x60"},
        {LAG % "0.25": "0+100x60", LAG % "1.0": "0+100x60", LAG % "+Inf": "0+100x60"},
    ),
    "KaiwaFuseOpen": Case({"kaiwa_ingest_fuses_open": "1x60"}, {"kaiwa_ingest_fuses_open": "0x60"}),
    "KaiwaQuarantineGrows": Case(
        {'kaiwa_quarantined_total{reason="a"}': "0+2x120"},
        {'kaiwa_quarantined_total{reason="a"}': "0x10 20x110"},
        "90m",
    ),
    "KaiwaSignaturesRefused": Case(
        {OK_WEBHOOKS: "0+10x60", BAD_WEBHOOKS: "0+10x60"},
        {OK_WEBHOOKS: "0+100x60", BAD_WEBHOOKS: "0+10x60"},
        "45m",
    ),
    "KaiwaThrottled": Case(
        {'kaiwa_dispatcher_pauses_total{scope="app"}': "0+1x60"},
        {'kaiwa_dispatcher_pauses_total{scope="app"}': "0x10 2x50"},
    ),
    "KaiwaAccountsNeedLogin": Case(
        {'kaiwa_dispatcher_accounts_size{state="needs_reauth"}': "1x60"},
        {'kaiwa_dispatcher_accounts_size{state="active"}': "9x60"},
    ),
    "KaiwaAccountsSilent": Case({TROUBLED % "silent": "2x60"}, {TROUBLED % "silent": "2x20 0x40"}, "45m"),
    "KaiwaAccountsUnsubscribed": Case(
        {TROUBLED % "unsubscribed": "1x60"},
        {TROUBLED % "unsubscribed": "1x10 0x50", TROUBLED % "silent": "9x60"},
    ),
    "KaiwaTokensEnd": Case(
        {TROUBLED % "token_ending": "1x120"}, {TROUBLED % "token_ending": "1x30 0x90"}, "90m"
    ),
    "KaiwaAccountsUnanswered": Case(
        {TROUBLED % "unanswered": "1x120"}, {TROUBLED % "unanswered": "1x30 0x90"}, "90m"
    ),
    "KaiwaHeartbeatMissing": Case(
        {'kaiwa_compliance_heartbeat_age_seconds{topic="a",pod="1"}': "700x60"},
        {
            'kaiwa_compliance_heartbeat_age_seconds{topic="a",pod="1"}': "700x60",
            'kaiwa_compliance_heartbeat_age_seconds{topic="a",pod="2"}': "9x60",
        },
    ),
    "KaiwaFoundAgain": Case(
        {"kaiwa_compliance_found_again_total": "0x10 1x50"}, {"kaiwa_compliance_found_again_total": "1x60"}
    ),
    "KaiwaReceiptOverdue": Case(
        {'kaiwa_compliance_overdue_receipts_open{holder="crm"}': "1x60"},
        {'kaiwa_compliance_overdue_receipts_open{holder="crm"}': "0x60"},
    ),
    "KaiwaRequestsWait": Case(
        {'kaiwa_compliance_queue_size{source="deauthorisation"}': "1x120"},
        # One after another, and none of them for an hour.
        {
            'kaiwa_compliance_queue_size{source="deauthorisation"}': "1x40 0x80",
            'kaiwa_compliance_queue_size{source="callback"}': "0x40 1x30 0x50",
        },
        "90m",
    ),
    "KaiwaSettingsDrift": Case(
        {'kaiwa_compliance_settings_drift_open{topic="a"}': "1x60"},
        {'kaiwa_compliance_settings_drift_open{topic="a"}': "0x60"},
    ),
    "KaiwaSweepStopped": Case(
        {'kaiwa_compliance_sweep_age_seconds{pod="1"}': "0+60x120"},
        {
            'kaiwa_compliance_sweep_age_seconds{pod="1"}': "0+60x120",
            'kaiwa_compliance_sweep_age_seconds{pod="2"}': "60x120",
        },
        "90m",
    ),
    "KaiwaContentKept": Case(
        {"kaiwa_dispatcher_content_age_seconds": "20000x60"},
        {"kaiwa_dispatcher_content_age_seconds": "7000x60"},
    ),
    "KaiwaNothingSent": Case(
        {QUEUE % "human": "0+60x60", QUEUE % "bulk": "0x60", HANDED: "7x60"},
        # One account's limit, while others go out; and a campaign that may take its time.
        {QUEUE % "human": "0+60x60", QUEUE % "bulk": "0+60x60", HANDED: "0+1x60"},
    ),
    "KaiwaDoubtLasts": Case(
        {"kaiwa_dispatcher_in_doubt_age_seconds": "0+60x60"},
        {"kaiwa_dispatcher_in_doubt_age_seconds": "0+60x14 0x45"},
    ),
    "KaiwaSlicesKept": Case(
        {"kaiwa_dispatcher_content_slice_age_seconds": "0+120x60"},
        {"kaiwa_dispatcher_content_slice_age_seconds": "2700x60"},
        "45m",
    ),
    "KaiwaIdsKept": Case(
        {'kaiwa_compliance_ids_on_disk_age_seconds{pod="1"}': "0+60x120"},
        {"kaiwa_compliance_ids_on_disk_age_seconds": "0+60x59 0x60"},
        "90m",
    ),
    "KaiwaDisclosureMissing": Case(
        {FOUND % ("disclosure", "missing"): "3x70 4x50"},
        {FOUND % ("disclosure", "missing"): "3x200", FOUND % ("author", "typed"): "3x70 4x130"},
        "90m",
    ),
    "KaiwaAuditFindings": Case(
        {FOUND % ("human", "rate"): "_x60 1x60"},
        {FOUND % ("human", "rate"): "1x200", FOUND % ("disclosure", "late"): "3x70 4x130"},
        "90m",
    ),
    "KaiwaDoorFails": Case(
        {DOOR % "503": "0+1x60", DOOR % "202": "0+10x60"},
        {DOOR % "503": "0+1x60", DOOR % "202": "0+100x60", DOOR % "422": "0+100x60"},
    ),
    "KaiwaDoorSlow": Case(
        {
            ASKED % ("count", "POST /v1/sends", ""): "0+100x60",
            ASKED % ("bucket", "POST /v1/sends", ',le="1.0"'): "0+90x60",
        },
        {
            ASKED % ("count", "POST /v1/sends", ""): "0+100x60",
            ASKED % ("bucket", "POST /v1/sends", ',le="1.0"'): "0+99x60",
            ASKED % ("count", "GET /v1/outcomes", ""): "0+100x60",
            ASKED % ("bucket", "GET /v1/outcomes", ',le="1.0"'): "0x60",
        },
    ),
    "KaiwaAuditBehind": Case(
        {'kaiwa_compliance_audit_known_age_seconds{pod="1"}': "0+60x60"},
        {
            'kaiwa_compliance_audit_known_age_seconds{pod="1"}': "0+60x60",
            'kaiwa_compliance_audit_known_age_seconds{pod="2"}': "5x60",
        },
        "50m",
    ),
    "KaiwaLedgerUnsealed": Case(
        {"kaiwa_compliance_ledger_unsealed_seconds": "400x60"},
        {"kaiwa_compliance_ledger_unsealed_seconds": "4x60"},
    ),
    "KaiwaLedgerAltered": Case(
        {'kaiwa_compliance_ledger_altered_open{pod="1"}': "0x10 1x50"},
        {'kaiwa_compliance_ledger_altered_open{pod="1"}': "0x60"},
    ),
    "KaiwaLedgerUnverified": Case(
        {'kaiwa_compliance_ledger_verified_age_seconds{pod="1"}': "0+60x60"},
        {
            'kaiwa_compliance_ledger_verified_age_seconds{pod="1"}': "0+60x60",
            'kaiwa_compliance_ledger_verified_age_seconds{pod="2"}': "60x60",
        },
    ),
}
