"""Are messages going out?"""

from typing import Final

from kaiwa.devstack.monitoring.panels import Dashboard, Panel, Query, Row, quantile, rate

MESSAGES: Final = Dashboard(
    uid="kaiwa-messages",
    title="Kaiwa · Are messages going out?",
    description="From a request on Kafka to what the platform made of it, and what waits, and why.",
    rows=(
        Row(
            "In and out",
            (
                Panel(
                    "Requests taken in",
                    "By outcome. `repeated` is the same request id again, which is one send.",
                    [Query(rate("kaiwa_dispatcher_intake_total", "outcome"), "{{outcome}}")],
                    unit="cps",
                    stacked=True,
                ),
                Panel(
                    "Calls of the Send API",
                    "By how they ended: sent, failed (the platform's answer), again (not sent, tried later), indoubt.",
                    [Query(rate("kaiwa_dispatcher_sends_total", "outcome"), "{{outcome}}")],
                    unit="cps",
                    stacked=True,
                ),
                Panel(
                    "Due to first byte",
                    "What nothing but its turn held back, p99 by lane. The goal is 5 s for people and transactions.",
                    [Query(quantile(0.99, "kaiwa_dispatcher_handover_seconds", "lane"), "{{lane}}")],
                    unit="s",
                    most=5,
                    runbook="KaiwaHandoverBudgetBurns",
                ),
                Panel(
                    "The platform's answer",
                    "From our first byte to its answer.",
                    [
                        Query(quantile(0.5, "kaiwa_dispatcher_send_seconds"), "p50"),
                        Query(quantile(0.99, "kaiwa_dispatcher_send_seconds"), "p99"),
                    ],
                    unit="s",
                ),
            ),
        ),
        Row(
            "What waits, and why",
            (
                Panel(
                    "Oldest due message",
                    "Age of the oldest one that is due and not sent, throttled accounts included.",
                    [Query("max by (lane) (kaiwa_dispatcher_queue_age_seconds{@})", "{{lane}}")],
                    unit="s",
                    most=60,
                    runbook="KaiwaNothingSent",
                ),
                Panel(
                    "Decisions",
                    "Just before the call: what was put off or refused, by reason. The reasons: docs/contracts/reasons.md.",
                    [
                        Query(
                            rate(
                                "kaiwa_dispatcher_decisions_total",
                                "verdict",
                                "reason",
                                match='verdict!="send"',
                            ),
                            "{{verdict}} {{reason}}",
                        )
                    ],
                    unit="cps",
                    quiet=True,
                ),
                Panel(
                    "Waiting for tokens",
                    "Seconds a second that limits keep messages waiting, by class of call.",
                    [Query(rate("kaiwa_dispatcher_tokens_waited_seconds_total", "bucket"), "{{bucket}}")],
                    unit="s",
                ),
                Panel(
                    "Throttled by the platform",
                    "Pauses that its answers set off, by who waits. We stay below the configured limits: then they are too high.",
                    [
                        Query(
                            "sum by (scope) (increase(kaiwa_dispatcher_pauses_total{@}[$__rate_interval]))",
                            "{{scope}}",
                        )
                    ],
                    quiet=True,
                    runbook="KaiwaThrottled",
                ),
            ),
        ),
        Row(
            "Beside the messages",
            (
                Panel(
                    "Budgets used",
                    "The fullest of the accounts' and of the apps' budgets at the platform in the last hour, from 80 % on; we slow down there.",
                    [Query("max by (scope) (kaiwa_dispatcher_usage_ratio{@})", "{{scope}}")],
                    unit="percentunit",
                    most=1,
                    runbook="KaiwaThrottled",
                ),
                Panel(
                    "Seen and typing",
                    "Shown before automated replies where an account wants it. A message never waits for them.",
                    [Query(rate("kaiwa_dispatcher_presence_total", "outcome"), "{{outcome}}")],
                    unit="cps",
                    quiet=True,
                ),
                Panel(
                    "Uploads",
                    "Media sent by its id, by what the platform did with it.",
                    [Query(rate("kaiwa_dispatcher_uploads_total", "outcome"), "{{outcome}}")],
                    unit="cps",
                    quiet=True,
                ),
            ),
        ),
        Row(
            "What is not known",
            (
                Panel(
                    "In doubt",
                    "Messages whose outcome is not known. They are never sent again; evidence settles them.",
                    [Query("max(kaiwa_dispatcher_in_doubt{@})", "messages")],
                    runbook="KaiwaDoubtBudgetBurns",
                ),
                Panel(
                    "Oldest in doubt",
                    "The goal is 10 minutes. What stays is for a person: `kaiwa sends list --state in_doubt`, `kaiwa sends settle`.",
                    [Query("max(kaiwa_dispatcher_in_doubt_age_seconds{@})", "oldest")],
                    unit="s",
                    most=600,
                    runbook="KaiwaDoubtBudgetBurns",
                ),
                Panel(
                    "Settled by",
                    "The evidence: the echo's mid, its content, the thread, an operator; or none (`not_found`).",
                    [Query(rate("kaiwa_dispatcher_settled_total", "evidence"), "{{evidence}}")],
                    unit="cps",
                    quiet=True,
                ),
            ),
        ),
        Row(
            "At the door",
            (
                Panel(
                    "Requests at the door",
                    "Of callers without Kafka, by route. Outcomes are waited for on purpose.",
                    [Query(rate("kaiwa_dispatcher_door_requests_total", "route"), "{{route}}")],
                    unit="reqps",
                    quiet=True,
                ),
                Panel(
                    "Refused at the door",
                    "By status: 401 and 403 a wrong key, 409 and 422 a wrong request, 429 too many, 503 Kafka or PostgreSQL away.",
                    [
                        Query(
                            rate("kaiwa_dispatcher_door_requests_total", "status", match='status!~"2.."'),
                            "{{status}}",
                        )
                    ],
                    unit="reqps",
                    quiet=True,
                ),
                Panel(
                    "Time at the door, p99",
                    "From a request's head to its answer, without those that wait for outcomes.",
                    [
                        Query(
                            quantile(
                                0.99,
                                "kaiwa_dispatcher_door_seconds",
                                "route",
                                match='route!="GET /v1/outcomes"',
                            ),
                            "{{route}}",
                        )
                    ],
                    unit="s",
                    quiet=True,
                ),
            ),
        ),
        Row(
            "As the law and the platform want it",
            (
                Panel(
                    "Disclosures",
                    "Delivered, by what made them due.",
                    [Query(rate("kaiwa_dispatcher_disclosures_total", "trigger"), "{{trigger}}")],
                    unit="cps",
                ),
                Panel(
                    "Tagged messages",
                    "HUMAN_AGENT: people's answers beyond 24 hours. Abuse of it costs the feature.",
                    [Query(rate("kaiwa_dispatcher_tagged_total", "tag"), "{{tag}}")],
                    unit="cps",
                    quiet=True,
                ),
                Panel(
                    "Errors of the platform",
                    "Its error answers by how the call ended, the reason code, and what such an error asks of us.",
                    [
                        Query(
                            rate(
                                "kaiwa_dispatcher_sends_total",
                                "outcome",
                                "reason",
                                "action",
                                match='action!=""',
                            ),
                            "{{outcome}} {{reason}} {{action}}",
                        )
                    ],
                    unit="cps",
                    quiet=True,
                ),
            ),
        ),
    ),
)
