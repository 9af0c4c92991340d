"""Is it healthy?"""

from typing import Final

from kaiwa.runtime.top.figures import Line

HEALTH: Final = (
    Line(
        what="webhooks",
        metric="kaiwa_ingest_webhooks_total",
        way="rate",
        by="outcome",
        unit="/s",
        runbook="KaiwaWebhookBudgetBurns",
    ),
    Line(
        what="webhook to 200, p99",
        metric="kaiwa_ingest_ack_seconds",
        way="p99",
        unit="s",
        limit=1,
        runbook="KaiwaWebhookBudgetBurns",
    ),
    Line(what="events in", metric="kaiwa_ingest_events_total", way="rate", by="kind", unit="/s"),
    Line(what="records read", metric="kaiwa_consumer_records_total", way="rate", by="group", unit="/s"),
    Line(
        what="behind, without progress",
        metric="kaiwa_consumer_progress_age_seconds",
        way="most",
        by="group",
        unit="s",
        limit=110,
        runbook="KaiwaConsumerStuck",
    ),
    Line(
        what="outbox",
        metric="kaiwa_outbox_lag",
        way="most",
        limit=1000,
        runbook="KaiwaOutboxStuck",
    ),
    Line(
        what="quarantined",
        metric="kaiwa_quarantined_total",
        way="rate",
        by="reason",
        unit="/s",
        runbook="KaiwaQuarantineGrows",
    ),
)
