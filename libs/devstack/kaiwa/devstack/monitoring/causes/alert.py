"""An alert on a cause."""

from dataclasses import dataclass

from kaiwa.devstack.monitoring.slos import Rule, Severity


@dataclass(frozen=True)
class Alert:
    """`expr` is PromQL, `lasting` how long it has to hold. `summary` says what is wrong, `then` what comes of it."""

    name: str
    severity: Severity
    expr: str
    lasting: str
    summary: str
    then: str

    def rule(self) -> Rule:
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasting,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "description": self.then},
        }
