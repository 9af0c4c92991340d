"""Alerts on causes, each one that a person can do something about; what users feel is the objectives' affair."""

from collections.abc import Iterator
from typing import Any, Final

from kaiwa.devstack.monitoring.causes.accounts import ACCOUNTS
from kaiwa.devstack.monitoring.causes.compliance import COMPLIANCE
from kaiwa.devstack.monitoring.causes.health import HEALTH
from kaiwa.devstack.monitoring.causes.messages import MESSAGES
from kaiwa.devstack.monitoring.panels import RUNBOOKS
from kaiwa.devstack.monitoring.slos import SLOS, Rule

ALERTS: Final = (*HEALTH, *MESSAGES, *COMPLIANCE, *ACCOUNTS)


def groups() -> list[dict[str, Any]]:
    """All rules, as Prometheus reads them."""
    return [
        *(
            {"name": f"kaiwa-slo-{slo.name}", "rules": [*slo.recordings(), *map(_told, slo.alerts())]}
            for slo in SLOS
        ),
        {"name": "kaiwa-causes", "rules": [_told(alert.rule()) for alert in ALERTS]},
    ]


def names() -> Iterator[str]:
    """Each alert once: each has a runbook of its name."""
    yield from (slo.alert for slo in SLOS)
    yield from (alert.name for alert in ALERTS)


def _told(rule: Rule) -> Rule:
    return {**rule, "annotations": {**rule["annotations"], "runbook_url": f"{RUNBOOKS}/{rule['alert']}.md"}}
