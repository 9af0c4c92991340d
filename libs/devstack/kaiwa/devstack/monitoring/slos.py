"""Promises with a number, and the rules that say how fast their error budgets burn (Google's SRE workbook, ch. 5).

A fast burn wakes somebody: 14.4 times over an hour and five minutes, 6 times over six hours and thirty minutes. A slow
one writes a ticket: 3 times over a day and two hours, once over three days and six hours. The short window of each pair
ends the alert soon after the trouble has ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Severity = Literal["page", "ticket"]
Rule = dict[str, Any]

WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

_BURNS: Final[tuple[tuple[float, str, str, Severity], ...]] = (
    (14.4, "1h", "5m", "page"),
    (6, "6h", "30m", "page"),
    (3, "1d", "2h", "ticket"),
    (1, "3d", "6h", "ticket"),
)


@dataclass(frozen=True)
class Slo:
    """`bad` and `total` are PromQL per second over a window `{w}`; `goal` is the share that has to be good.

    `alert` and `runbook` name the alert; `promise` is the sentence that it breaks.
    """

    name: str
    promise: str
    goal: float
    bad: str
    total: str
    alert: str

    @property
    def budget(self) -> float:
        return round(1 - self.goal, 6)

    def ratio(self, window: str) -> str:
        return f"kaiwa:{self.name}:errors:ratio_rate{window}"

    def recordings(self) -> Iterator[Rule]:
        for window in WINDOWS:
            bad, total = self.bad.format(w=window), self.total.format(w=window)
            yield {
                "record": self.ratio(window),
                "expr": f"({bad}) / ({total} > 0)",
                "labels": {"slo": self.name},
            }

    def alerts(self) -> Iterator[Rule]:
        for factor, long, short, severity in _BURNS:
            most = round(factor * self.budget, 6)
            yield {
                "alert": self.alert,
                "expr": f"{self.ratio(long)} > {most} and {self.ratio(short)} > {most}",
                "for": "2m" if severity == "page" else "15m",
                "labels": {"severity": severity, "slo": self.name, "window": long},
                "annotations": {
                    "summary": f"{self.promise} is missed {factor:g} times as fast as its budget allows",
                    "description": f"{{{{ $value | humanizePercentage }}}} failed over {long}; the goal is {self.goal:.3%}.",
                },
            }


SLOS: Final = (
    Slo(
        name="webhooks",
        promise="A webhook is answered 200 within a second",
        goal=0.999,
        bad=(
            'sum(rate(kaiwa_ingest_webhooks_total{{outcome=~"accepted|unavailable|overloaded|fuse_open"}}[{w}]))'
            ' - sum(rate(kaiwa_ingest_ack_seconds_bucket{{le="1.0"}}[{w}]))'
        ),
        total='sum(rate(kaiwa_ingest_webhooks_total{{outcome=~"accepted|unavailable|overloaded|fuse_open"}}[{w}]))',
        alert="KaiwaWebhookBudgetBurns",
    ),
    Slo(
        name="handover",
        promise="A person's or a transactional message is handed to the platform within 5 s of being due",
        goal=0.99,
        bad=(
            'sum(rate(kaiwa_dispatcher_handover_seconds_count{{lane=~"human|transactional"}}[{w}]))'
            ' - sum(rate(kaiwa_dispatcher_handover_seconds_bucket{{lane=~"human|transactional",le="5.0"}}[{w}]))'
        ),
        total='sum(rate(kaiwa_dispatcher_handover_seconds_count{{lane=~"human|transactional"}}[{w}]))',
        alert="KaiwaHandoverBudgetBurns",
    ),
    Slo(
        name="bulk",
        promise="A bulk message is handed to the platform within 5 min of being due",
        goal=0.99,
        bad=(
            'sum(rate(kaiwa_dispatcher_handover_seconds_count{{lane="bulk"}}[{w}]))'
            ' - sum(rate(kaiwa_dispatcher_handover_seconds_bucket{{lane="bulk",le="300.0"}}[{w}]))'
        ),
        total='sum(rate(kaiwa_dispatcher_handover_seconds_count{{lane="bulk"}}[{w}]))',
        alert="KaiwaBulkBudgetBurns",
    ),
    Slo(
        name="deletion",
        promise="What was to be deleted is gone, with proof, before its deadline",
        goal=0.999,
        bad='sum(rate(kaiwa_compliance_closed_total{{in_time="no"}}[{w}]))',
        total="sum(rate(kaiwa_compliance_closed_total[{w}]))",
        alert="KaiwaDeletionBudgetBurns",
    ),
    Slo(
        name="tombstone",
        promise="An unsent message has its tombstones within a second",
        goal=0.99,
        bad=(
            "sum(rate(kaiwa_compliance_unsend_to_tombstone_seconds_count[{w}]))"
            ' - sum(rate(kaiwa_compliance_unsend_to_tombstone_seconds_bucket{{le="1.0"}}[{w}]))'
        ),
        total="sum(rate(kaiwa_compliance_unsend_to_tombstone_seconds_count[{w}]))",
        alert="KaiwaTombstoneBudgetBurns",
    ),
    Slo(
        name="absence",
        promise="A record is physically gone from Kafka, and its absence read, within an hour of its unsend",
        goal=0.99,
        # A state, as the last three: the share of the time in which something is older than that. What is counted once it
        # has gone would say nothing of what stays.
        bad="avg_over_time((max(kaiwa_compliance_unverified_age_seconds) > bool 3600)[{w}:1m])",
        total="avg_over_time((max(kaiwa_compliance_unverified_age_seconds) >= bool 0)[{w}:1m])",
        alert="KaiwaAbsenceBudgetBurns",
    ),
    Slo(
        name="row",
        promise="The dispatcher has deleted its rows within 5 s of the order",
        goal=0.99,
        bad=(
            "sum(rate(kaiwa_dispatcher_order_to_row_seconds_count[{w}]))"
            ' - sum(rate(kaiwa_dispatcher_order_to_row_seconds_bucket{{le="5.0"}}[{w}]))'
        ),
        total="sum(rate(kaiwa_dispatcher_order_to_row_seconds_count[{w}]))",
        alert="KaiwaRowBudgetBurns",
    ),
    Slo(
        name="heap",
        promise="Erased content has left PostgreSQL's files within an hour of the order",
        goal=0.99,
        bad="avg_over_time((max(kaiwa_dispatcher_erased_on_disk_age_seconds) > bool 3600)[{w}:1m])",
        total="avg_over_time((max(kaiwa_dispatcher_erased_on_disk_age_seconds) >= bool 0)[{w}:1m])",
        alert="KaiwaHeapBudgetBurns",
    ),
    Slo(
        name="sends",
        promise="instagram.sends.v1 lets go of a request within 25 h 5 min",
        goal=0.99,
        bad="avg_over_time((max(kaiwa_compliance_sends_bound_seconds) > bool 90300)[{w}:1m])",
        total="avg_over_time((max(kaiwa_compliance_sends_bound_seconds) >= bool 0)[{w}:1m])",
        alert="KaiwaSendsBudgetBurns",
    ),
    Slo(
        name="doubt",
        promise="A message in doubt is settled within 10 minutes",
        goal=0.99,
        bad="avg_over_time((max(kaiwa_dispatcher_in_doubt_age_seconds) > bool 600)[{w}:1m])",
        total="avg_over_time((max(kaiwa_dispatcher_in_doubt_age_seconds) >= bool 0)[{w}:1m])",
        alert="KaiwaDoubtBudgetBurns",
    ),
)
