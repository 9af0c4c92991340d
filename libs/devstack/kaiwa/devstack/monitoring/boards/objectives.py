"""Do we keep what we promised?"""

from typing import Final

from kaiwa.devstack.monitoring.panels import Dashboard, Panel, Query, Row
from kaiwa.devstack.monitoring.slos import SLOS, Slo


def _row(slo: Slo) -> Row:
    return Row(
        slo.promise,
        (
            Panel(
                f"{slo.name}: share kept",
                f"Over the last hour; the goal is {slo.goal:.3%}.",
                [Query(f"1 - {slo.ratio('1h')}", "kept")],
                unit="percentunit",
                kind="stat",
                runbook=slo.alert,
            ),
            Panel(
                f"{slo.name}: burn rate",
                "How many times as fast as allowed the budget burns: 14.4 for an hour wakes somebody.",
                [Query(f"{slo.ratio(window)} / {slo.budget}", window) for window in ("5m", "1h", "6h")],
                most=14.4,
                runbook=slo.alert,
            ),
            Panel(
                f"{slo.name}: budget of three days",
                "What is left of the errors that three days allow.",
                [Query(f"1 - {slo.ratio('3d')} / {slo.budget}", "left")],
                unit="percentunit",
                kind="stat",
                runbook=slo.alert,
            ),
        ),
    )


OBJECTIVES: Final = Dashboard(
    uid="kaiwa-objectives",
    title="Kaiwa · Do we keep what we promised?",
    description="The four objectives, how fast their budgets burn and what is left of them.",
    rows=tuple(_row(slo) for slo in SLOS),
)
