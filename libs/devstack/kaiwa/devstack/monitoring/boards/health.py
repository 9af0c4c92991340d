"""Is it healthy?"""

from typing import Final

from kaiwa.devstack.monitoring.panels import Dashboard, Panel, Query, Row, quantile, rate

HEALTH: Final = Dashboard(
    uid="kaiwa-health",
    title="Kaiwa · Is it healthy?",
    description="The three services, Kafka and PostgreSQL as they see them, and the door for Meta.",
    rows=(
        Row(
            "The door for Meta",
            (
                Panel(
                    "Webhooks",
                    "Requests a second by what became of them. Only `accepted` was answered 200; Meta repeats what got 503.",
                    [Query(rate("kaiwa_ingest_webhooks_total", "outcome"), "{{outcome}}")],
                    unit="reqps",
                    stacked=True,
                    runbook="KaiwaWebhookBudgetBurns",
                ),
                Panel(
                    "Webhook to 200",
                    "From the request's head to our answer, which waits for Kafka. Meta gives up after 5 s; the goal is 1 s.",
                    [
                        Query(quantile(0.5, "kaiwa_ingest_ack_seconds"), "p50"),
                        Query(quantile(0.99, "kaiwa_ingest_ack_seconds"), "p99"),
                    ],
                    unit="s",
                    most=1,
                    runbook="KaiwaWebhookBudgetBurns",
                ),
                Panel(
                    "Events by kind",
                    "What was published to instagram.events.v1. `unknown` is what nobody could read; its original is kept.",
                    [Query(rate("kaiwa_ingest_events_total", "kind"), "{{kind}}")],
                    unit="cps",
                    stacked=True,
                ),
                Panel(
                    "Bodies in flight",
                    "Bytes between arrival and answer. At the cap a request is answered 503 at once.",
                    [Query("sum(kaiwa_ingest_in_flight_bytes{@})", "bytes")],
                    unit="bytes",
                ),
                Panel(
                    "Fuses open",
                    "Apps most of whose traffic cannot be decoded; what of it cannot gets 503 instead of filling the quarantine.",
                    [Query("sum(kaiwa_ingest_fuses_open{@})", "apps")],
                    kind="stat",
                    most=1,
                    runbook="KaiwaFuseOpen",
                ),
                Panel(
                    "Quarantine",
                    "Records nobody could understand, by reason. They are kept and can be replayed: `kaiwa quarantine list`.",
                    [Query(rate("kaiwa_quarantined_total", "reason"), "{{reason}}")],
                    unit="cps",
                    quiet=True,
                    runbook="KaiwaQuarantineGrows",
                ),
            ),
        ),
        Row(
            "Kafka and PostgreSQL",
            (
                Panel(
                    "Reaching Kafka",
                    "Processes whose producer reaches Kafka, and those whose does not.",
                    [
                        Query("sum by (job) (kaiwa_kafka_connected{@})", "{{job}}"),
                        Query("sum(kaiwa_kafka_connected{@} == bool 0)", "away"),
                    ],
                    runbook="KaiwaKafkaAway",
                ),
                Panel(
                    "Publishing",
                    "From the first send to the last acknowledgement of all in-sync replicas.",
                    [Query(quantile(0.99, "kaiwa_produce_seconds", "job"), "p99 {{job}}")],
                    unit="s",
                    most=0.5,
                ),
                Panel(
                    "Records handled",
                    "By consumer group, repeats included.",
                    [Query(rate("kaiwa_consumer_records_total", "group"), "{{group}}")],
                    unit="cps",
                ),
                Panel(
                    "Yet to handle",
                    "Offsets between what a group has handled and the partitions' ends; compaction leaves gaps in them.",
                    [Query("sum by (group) (kaiwa_consumer_lag{@})", "{{group}}")],
                    runbook="KaiwaConsumerStuck",
                ),
                Panel(
                    "Without progress",
                    "Seconds since a consumer last moved forward while there was something to read. At 120 its pod restarts.",
                    [Query("max by (group) (kaiwa_consumer_progress_age_seconds{@})", "{{group}}")],
                    unit="s",
                    most=60,
                    runbook="KaiwaConsumerStuck",
                ),
                Panel(
                    "Batches that came again",
                    "Their handling failed and they were rewound; a constant rate means that the cause does not go away.",
                    [Query(rate("kaiwa_consumer_rewinds_total", "group"), "{{group}}")],
                    unit="cps",
                    quiet=True,
                    runbook="KaiwaBatchesRewind",
                ),
                Panel(
                    "PostgreSQL connections at work",
                    "Share of the pool in use. Near 1 for minutes: more connections, or a slow database.",
                    [
                        Query(
                            "sum by (job) (kaiwa_pool_busy_size{@}) / (sum by (job) (kaiwa_pool_size{@}) > 0)",
                            "{{job}}",
                        )
                    ],
                    unit="percentunit",
                    most=0.9,
                ),
                Panel(
                    "Outbox",
                    "Outcomes and registry entries that Kafka has not acknowledged yet.",
                    [Query("max(kaiwa_outbox_lag{@})", "rows")],
                    most=1000,
                    runbook="KaiwaOutboxStuck",
                ),
                Panel(
                    "Producers replaced",
                    "After an error that a producer does not survive. One now and then is a broker's restart.",
                    [
                        Query(
                            "sum by (job) (increase(kaiwa_producer_rebuilds_total{@}[$__rate_interval]))",
                            "{{job}}",
                        )
                    ],
                ),
            ),
        ),
        Row(
            "Processes",
            (
                Panel(
                    "Event loop",
                    "How late the loop came back to its heartbeat, p99. Above 0.1 s something blocks it.",
                    [Query(quantile(0.99, "kaiwa_loop_lag_seconds", "job"), "{{job}}")],
                    unit="s",
                    most=0.1,
                    runbook="KaiwaLoopBlocked",
                ),
                Panel(
                    "CPU",
                    "Cores in use, by service.",
                    [Query(rate("process_cpu_seconds_total", "job"), "{{job}}")],
                ),
                Panel(
                    "Memory",
                    "Resident memory of the largest process of each service; it is flat.",
                    [Query("max by (job) (process_resident_memory_bytes{@})", "{{job}}")],
                    unit="bytes",
                ),
            ),
        ),
    ),
)
