"""Are messages going out?"""

from typing import Final

from kaiwa.runtime.top.figures import Line

MESSAGES: Final = (
    Line(what="requests", metric="kaiwa_dispatcher_intake_total", way="rate", by="outcome", unit="/s"),
    Line(what="calls", metric="kaiwa_dispatcher_sends_total", way="rate", by="outcome", unit="/s"),
    Line(
        what="refused",
        metric="kaiwa_dispatcher_decisions_total",
        way="rate",
        by="reason",
        where=("verdict", "refuse"),
        unit="/s",
    ),
    Line(
        what="put off",
        metric="kaiwa_dispatcher_decisions_total",
        way="rate",
        by="reason",
        where=("verdict", "defer"),
        unit="/s",
    ),
    Line(
        what="due to first byte, p99",
        metric="kaiwa_dispatcher_handover_seconds",
        way="p99",
        unit="s",
        limit=5,
        runbook="KaiwaHandoverBudgetBurns",
    ),
    Line(what="the platform's answer, p99", metric="kaiwa_dispatcher_send_seconds", way="p99", unit="s"),
    Line(what="oldest due", metric="kaiwa_dispatcher_queue_age_seconds", way="most", by="lane", unit="s"),
    Line(
        what="in doubt",
        metric="kaiwa_dispatcher_in_doubt",
        way="most",
        runbook="KaiwaDoubtBudgetBurns",
    ),
    Line(
        what="oldest in doubt",
        metric="kaiwa_dispatcher_in_doubt_age_seconds",
        way="most",
        unit="s",
        limit=900,
        runbook="KaiwaDoubtLasts",
    ),
    Line(
        what="waited for tokens",
        metric="kaiwa_dispatcher_tokens_waited_seconds_total",
        way="rate",
        by="bucket",
        unit="s/s",
    ),
    Line(
        what="budget used",
        metric="kaiwa_dispatcher_usage_ratio",
        way="most",
        by="scope",
        unit="%",
        runbook="KaiwaThrottled",
    ),
    Line(
        what="throttled",
        metric="kaiwa_dispatcher_pauses_total",
        way="rate",
        by="scope",
        unit="/s",
        runbook="KaiwaThrottled",
    ),
)
