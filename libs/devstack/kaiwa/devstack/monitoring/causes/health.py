"""Is it healthy?"""

from typing import Final

from kaiwa.devstack.monitoring.causes.alert import Alert

HEALTH: Final = (
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
)
