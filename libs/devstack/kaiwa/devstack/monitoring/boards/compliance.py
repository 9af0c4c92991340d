"""Are we compliant?"""

from typing import Final

from kaiwa.devstack.monitoring.panels import Dashboard, Panel, Query, Row, quantile, rate

COMPLIANCE: Final = Dashboard(
    uid="kaiwa-compliance",
    title="Kaiwa · Are we compliant?",
    description="What was to be deleted and how far that is, who still owes a receipt, and whether the proof keeps up.",
    rows=(
        Row(
            "Deletion",
            (
                Panel(
                    "Erasures opened",
                    "By why they were: unsent, a late copy, a request of a person or of the platform.",
                    [Query(rate("kaiwa_compliance_cases_total", "reason"), "{{reason}}")],
                    unit="cps",
                    stacked=True,
                ),
                Panel(
                    "Erasures open",
                    "Not closed yet: tombstones, receipts or the re-reading of the log are outstanding.",
                    [Query("max by (scope) (kaiwa_compliance_erasures_open{@})", "{{scope}}")],
                    runbook="KaiwaDeletionBudgetBurns",
                ),
                Panel(
                    "Oldest open erasure",
                    "Age of the oldest order that has not closed. The bound of the settings in effect says what is usual.",
                    [
                        Query("max by (scope) (kaiwa_compliance_erasure_age_seconds{@})", "{{scope}}"),
                        Query("max(kaiwa_compliance_erasure_bound_seconds{@})", "bound"),
                    ],
                    unit="s",
                    runbook="KaiwaDeletionBudgetBurns",
                ),
                Panel(
                    "Closed in time",
                    "Share of the erasures closed in the last day that were gone everywhere before their deadline.",
                    [
                        Query(
                            'sum(increase(kaiwa_compliance_closed_total{@,in_time="yes"}[1d]))'
                            " / (sum(increase(kaiwa_compliance_closed_total{@}[1d])) > 0)",
                            "in time",
                        )
                    ],
                    unit="percentunit",
                    kind="stat",
                    runbook="KaiwaDeletionBudgetBurns",
                ),
                Panel(
                    "Unsend to tombstone",
                    "From Kafka having the unsend to Kafka having its tombstones. The target is a second at p99.",
                    [
                        Query(quantile(0.5, "kaiwa_compliance_unsend_to_tombstone_seconds"), "p50"),
                        Query(quantile(0.99, "kaiwa_compliance_unsend_to_tombstone_seconds"), "p99"),
                    ],
                    unit="s",
                    most=1,
                ),
                Panel(
                    "Unsend to proof of absence",
                    "To the verifier finding nothing in the log any more; below the bound of the settings in effect.",
                    [
                        Query(quantile(0.99, "kaiwa_compliance_verified_seconds"), "p99"),
                        Query("max(kaiwa_compliance_unverified_age_seconds{@})", "oldest that waits"),
                        Query("max(kaiwa_compliance_erasure_bound_seconds{@})", "bound"),
                    ],
                    unit="s",
                ),
                Panel(
                    "Found again",
                    "Verifications that still found what should be gone. Anything but zero is an incident.",
                    [Query("sum(increase(kaiwa_compliance_found_again_total{@}[1d]))", "in a day")],
                    kind="stat",
                    most=1,
                    runbook="KaiwaFoundAgain",
                ),
            ),
        ),
        Row(
            "Who owes what",
            (
                Panel(
                    "Receipts past their deadline",
                    "By holder. An erasure does not close without them.",
                    [Query("max by (holder) (kaiwa_compliance_overdue_receipts_open{@})", "{{holder}}")],
                    most=1,
                    quiet=True,
                    runbook="KaiwaReceiptOverdue",
                ),
                Panel(
                    "Open by holder",
                    "Receipts that each holder owes now, late or not.",
                    [Query("max by (holder) (kaiwa_compliance_receipts_open{@})", "{{holder}}")],
                ),
                Panel(
                    "Opening to receipt",
                    "By holder, p99.",
                    [Query(quantile(0.99, "kaiwa_compliance_receipt_seconds", "holder"), "{{holder}}")],
                    unit="s",
                ),
                Panel(
                    "Requests without a match",
                    "Nobody knows whose data they mean, or whose tokens: `kaiwa deletions match` or `reject`.",
                    [Query("max by (source) (kaiwa_compliance_queue_size{@})", "{{source}}")],
                    kind="stat",
                    most=1,
                    runbook="KaiwaRequestsWait",
                ),
            ),
        ),
        Row(
            "What erasure rests on",
            (
                Panel(
                    "Oldest heartbeat",
                    "Without one per partition nothing is physically erased. The process that is elected writes; the least counts.",
                    [Query("min by (topic) (kaiwa_compliance_heartbeat_age_seconds{@})", "{{topic}}")],
                    unit="s",
                    most=600,
                    runbook="KaiwaHeartbeatMissing",
                ),
                Panel(
                    "Last sweep",
                    "Seconds since all partitions were swept of what is past retention.",
                    [Query("min(kaiwa_compliance_sweep_age_seconds{@})", "age")],
                    unit="s",
                    most=3600,
                    runbook="KaiwaSweepStopped",
                ),
                Panel(
                    "Settings that keep too long",
                    "Topics that somebody set so that what was erased may stay longer than promised.",
                    [Query("max by (topic) (kaiwa_compliance_settings_drift_open{@})", "{{topic}}")],
                    most=1,
                    runbook="KaiwaSettingsDrift",
                ),
                Panel(
                    "Oldest content in PostgreSQL",
                    "Age of the oldest settled message whose sealed content is still there.",
                    [Query("max(kaiwa_dispatcher_content_age_seconds{@})", "age")],
                    unit="s",
                    most=7200,
                    runbook="KaiwaContentKept",
                ),
                Panel(
                    "Order to row deleted",
                    "From Kafka having an erasure's order to the dispatcher having deleted what it has; the target is 5 s.",
                    [
                        Query(quantile(0.5, "kaiwa_dispatcher_order_to_row_seconds"), "p50"),
                        Query(quantile(0.99, "kaiwa_dispatcher_order_to_row_seconds"), "p99"),
                    ],
                    unit="s",
                    most=5,
                    runbook="KaiwaRowBudgetBurns",
                ),
                Panel(
                    "Erased and still in PostgreSQL's files",
                    "Age of the oldest erasure order whose bytes, as ciphertext, may still be on the disk; within an hour they go.",
                    [Query("max(kaiwa_dispatcher_erased_on_disk_age_seconds{@})", "age")],
                    unit="s",
                    most=3600,
                    runbook="KaiwaHeapBudgetBurns",
                ),
                Panel(
                    "Ids of closed erasures in PostgreSQL's files",
                    "Age of the oldest closing since the tables that hold ids were last written anew.",
                    [Query("max(kaiwa_compliance_ids_on_disk_age_seconds{@})", "age")],
                    unit="s",
                    most=3600,
                    runbook="KaiwaIdsKept",
                ),
                Panel(
                    "Oldest slice of contents",
                    "Until a slice is emptied, bytes of what was erased from it may be in PostgreSQL's files.",
                    [Query("max(kaiwa_dispatcher_content_slice_age_seconds{@})", "age")],
                    unit="s",
                    most=3600,
                    runbook="KaiwaSlicesKept",
                ),
                Panel(
                    "Ledger",
                    "Entries sealed into the Merkle tree, and up to which of them it was recomputed and is what was signed.",
                    [
                        Query("max(kaiwa_compliance_ledger_size{@})", "sealed"),
                        Query("max(kaiwa_compliance_ledger_verified_size{@})", "verified"),
                    ],
                    runbook="KaiwaLedgerAltered",
                ),
                Panel(
                    "Ledger last verified",
                    "Seconds since it was found to be what was signed. The process that is elected looks; the least counts.",
                    [Query("min(kaiwa_compliance_ledger_verified_age_seconds{@})", "age")],
                    unit="s",
                    most=900,
                    runbook="KaiwaLedgerUnverified",
                ),
                Panel(
                    "Oldest unsealed entry",
                    "Until a checkpoint covers it, an entry proves nothing.",
                    [Query("max(kaiwa_compliance_ledger_unsealed_seconds{@})", "age")],
                    unit="s",
                    most=300,
                    runbook="KaiwaLedgerUnsealed",
                ),
            ),
        ),
        Row(
            "What the audit says",
            (
                Panel(
                    "Disclosures, as audited",
                    "Recomputed from the topics alone; a verdict that changes is counted again.",
                    [
                        Query(
                            rate("kaiwa_compliance_audit_verdicts_total", "state", match='kind="disclosure"'),
                            "{{state}}",
                        )
                    ],
                    unit="cps",
                    quiet=True,
                    runbook="KaiwaDisclosureMissing",
                ),
                Panel(
                    "Findings",
                    "What nothing has cleared, for a person to look at: `kaiwa findings`.",
                    [
                        Query(
                            "max by (kind, state) (kaiwa_compliance_audit_findings_open{@})",
                            "{{kind}} {{state}}",
                        )
                    ],
                    runbook="KaiwaAuditFindings",
                ),
                Panel(
                    "The audit is behind",
                    "Seconds since it last knew everything; while this grows, nothing is found missing.",
                    [Query("min(kaiwa_compliance_audit_known_age_seconds{@})", "age")],
                    unit="s",
                    most=1800,
                    runbook="KaiwaAuditBehind",
                ),
            ),
        ),
    ),
)
