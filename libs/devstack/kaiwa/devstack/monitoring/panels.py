"""A dashboard as data, and the JSON that Grafana wants of it.

In an expression `@` stands for what every query has: the namespace that the reader chose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

RUNBOOKS: Final = "docs/runbooks"
"""Where they are; the chart puts the address of the reader's copy in its place."""

SCHEMA_VERSION: Final = 39
_SCOPE: Final = 'namespace=~"$namespace"'
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH, _HEIGHT = 24, 8

Unit = Literal["s", "short", "reqps", "cps", "percentunit", "bytes", "dtdurations"]
Kind = Literal["timeseries", "stat", "table", "text", "bargauge"]


@dataclass(frozen=True)
class Query:
    """One PromQL expression, and how its series are called."""

    expr: str
    legend: str = ""

    @property
    def promql(self) -> str:
        return self.expr.replace("@", _SCOPE)


@dataclass(frozen=True)
class Panel:
    """One question. `quiet`: it has data only once something went wrong, which a sound installation does not show.

    `most`: where a line for the eye is drawn, in the panel's unit. `runbook`: the alert whose runbook to read when it looks wrong.
    """

    title: str
    description: str
    queries: Sequence[Query]
    unit: Unit = "short"
    kind: Kind = "timeseries"
    width: int = 8
    most: float | None = None
    quiet: bool = False
    runbook: str = ""
    stacked: bool = False

    def grafana(self, number: int, x: int, y: int) -> dict[str, Any]:
        more = f"\n\n[Runbook]({RUNBOOKS}/{self.runbook}.md)" if self.runbook else ""
        return {
            "id": number,
            "title": self.title,
            "description": self.description + more,
            "type": self.kind,
            "datasource": _DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": _HEIGHT},
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": _DATASOURCE,
                    "expr": query.promql,
                    "legendFormat": query.legend or "__auto",
                    "instant": self.kind in {"stat", "table", "bargauge"},
                    "range": self.kind == "timeseries",
                }
                for place, query in enumerate(self.queries)
            ],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
        }

    def _defaults(self) -> dict[str, Any]:
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.most is not None:
            steps.append({"color": "red", "value": self.most})
        look: dict[str, Any] = {"drawStyle": "line", "fillOpacity": 10, "showPoints": "never"}
        if self.most is not None:
            look["thresholdsStyle"] = {"mode": "dashed"}
        if self.stacked:
            look |= {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40}
        return {
            "unit": self.unit,
            "min": 0,
            "color": {"mode": "palette-classic" if self.kind == "timeseries" else "thresholds"},
            "thresholds": {"mode": "absolute", "steps": steps},
            "custom": look if self.kind == "timeseries" else {},
        }

    def _options(self) -> dict[str, Any]:
        match self.kind:
            case "timeseries":
                return {
                    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                    "tooltip": {"mode": "multi", "sort": "desc"},
                }
            case "stat" | "bargauge":
                return {
                    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                    "colorMode": "value",
                    "orientation": "auto",
                }
            case _:
                return {}


@dataclass(frozen=True)
class Note(Panel):
    """Words instead of a query: what the numbers here cannot say, and where to go."""

    title: str = ""
    description: str = ""
    queries: Sequence[Query] = ()
    kind: Kind = "text"
    text: str = ""

    def _options(self) -> dict[str, Any]:
        return {"mode": "markdown", "content": self.text}


@dataclass(frozen=True)
class Row:
    """A heading and the panels below it, laid out from left to right."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """One page for one question."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row] = field(default_factory=tuple)

    @property
    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row.panels]

    def grafana(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["kaiwa"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "timezone": "browser",
            "links": [
                {
                    "type": "dashboards",
                    "title": "Kaiwa",
                    "tags": ["kaiwa"],
                    "asDropdown": True,
                    "keepTime": True,
                }
            ],
            "templating": {"list": _VARIABLES},
            "annotations": {"list": []},
            "panels": self._laid_out(),
        }

    def _laid_out(self) -> list[dict[str, Any]]:
        placed: list[dict[str, Any]] = []
        y = 0
        for row in self.rows:
            head = {"x": 0, "y": y, "w": _WIDTH, "h": 1}
            placed.append(
                {
                    "id": len(placed) + 1,
                    "type": "row",
                    "title": row.title,
                    "collapsed": False,
                    "gridPos": head,
                    "panels": [],
                }
            )
            y += 1
            x = 0
            for panel in row.panels:
                if x + panel.width > _WIDTH:
                    x, y = 0, y + _HEIGHT
                placed.append(panel.grafana(len(placed) + 1, x, y))
                x += panel.width
            y += _HEIGHT
        return placed


_VARIABLES: Final[list[dict[str, Any]]] = [
    {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
    },
    {
        "name": "namespace",
        "label": "Namespace",
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": "label_values(kaiwa_loop_lag_seconds_count, namespace)", "refId": "namespace"},
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
    },
]


def quantile(q: float, histogram: str, *by: str, match: str = "") -> str:
    """The quantile of a histogram over the rate interval."""
    labels = ", ".join(["le", *by])
    inside = f"@,{match}" if match else "@"
    return (
        f"histogram_quantile({q}, sum by ({labels}) (rate({histogram}_bucket{{{inside}}}[$__rate_interval])))"
    )


def rate(counter: str, *by: str, match: str = "") -> str:
    """A counter's rate a second, summed by these labels."""
    inside = f"@,{match}" if match else "@"
    head = f"sum by ({', '.join(by)})" if by else "sum"
    return f"{head} (rate({counter}{{{inside}}}[$__rate_interval]))"
