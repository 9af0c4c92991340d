"""Are messages going out?"""

from typing import Final

from kaiwa.devstack.monitoring.causes.alert import Alert

MESSAGES: Final = (
    Alert(
        "KaiwaNothingSent",
        "page",
        # What is counted as it is handed over, as the objective's times are, says nothing while nothing is.
        'max(kaiwa_dispatcher_queue_age_seconds{lane!="bulk"}) > 300'
        " and sum(rate(kaiwa_dispatcher_handover_seconds_count[5m])) == 0",
        "2m",
        "Messages are due, and none goes out",
        "No message of a person or a transaction has reached the platform for five minutes.",
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
        "KaiwaDoubtLasts",
        "ticket",
        "max(kaiwa_dispatcher_in_doubt_age_seconds) > 900",
        "2m",
        "Messages are in doubt for more than a quarter of an hour",
        "No evidence settles them: whether customers got them only a person can see.",
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
)
