"""Dashboards, rules, runbooks and the list of metrics are what the code says, and lead somewhere."""

import math
import re
from importlib.metadata import entry_points
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
import typer.main

from kaiwa.devstack.monitoring import alerts, catalogue
from kaiwa.devstack.monitoring.boards.all import DASHBOARDS
from kaiwa.devstack.monitoring.commands import generated
from kaiwa.devstack.monitoring.panels import Dashboard, Note, Panel
from kaiwa.devstack.monitoring.slos import SLOS
from kaiwa.runtime import metrics
from kaiwa.runtime.cli import GROUP
from kaiwa.runtime.top.figures import Line
from kaiwa.runtime.top.lines.all import QUESTIONS

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs/runbooks"
SECTIONS = ("## What it means", "## How to look", "## What to do")
METRICS = {
    each.name: each
    for each in chain(*map(catalogue.entries, ("every", "ingest", "dispatcher", "compliance")))
}
OTHERS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}
PANELS = [(board, panel) for board in DASHBOARDS for panel in board.panels]
RULES = [rule for group in alerts.groups() for rule in group["rules"]]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
EXPRESSIONS = [
    *((panel.title, query.promql) for _, panel in PANELS for query in panel.queries),
    *((rule.get("alert") or rule["record"], rule["expr"]) for rule in RULES),
]


def test_what_is_generated_is_what_is_there() -> None:
    """Broken by a change of the data without `kaiwa monitoring write`."""
    for path, text in generated().items():
        assert (ROOT / path).read_text("utf-8") == text, f"run `kaiwa monitoring write`: {path} is stale"
    boards = {path.name for path in (ROOT / "deploy/helm/kaiwa/files/dashboards").glob("*.json")}
    assert boards == {f"{board.uid}.json" for board in DASHBOARDS}


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_every_expression_asks_for_what_there_is(where: str, expression: str) -> None:
    for name, selector in re.findall(r"\b(up|(?:kaiwa|process)_\w+)(\{[^}]*\})?", expression):
        known = re.sub(r"_(bucket|count|sum)$", "", name)
        assert known in METRICS or name in METRICS or name in OTHERS, f"{where}: no metric {name}"
        metric = METRICS.get(name) or METRICS.get(known)
        used = set(re.findall(r"(\w+)\s*[!=]~?\s*\"", selector)) - {"namespace", "job", "le"}
        assert metric is None or used <= set(metric.labels), f"{where}: {name} has no label {used}"
    assert set(re.findall(r"\bkaiwa:[\w:]+", expression)) <= RECORDED
    for counter in re.findall(r"(kaiwa_\w+_total)\b", expression):
        assert re.search(rf"(rate|increase)\({counter}\b", expression), f"{where}: {counter} without rate"


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.uid)
def test_a_dashboard_keeps_the_rules_of_the_linter(board: Dashboard) -> None:
    drawn = board.grafana()
    numbers = [panel["id"] for panel in drawn["panels"]]
    assert len(numbers) == len(set(numbers))
    assert {variable["name"] for variable in drawn["templating"]["list"]} == {"datasource", "namespace"}
    assert len(msgspec.json.encode(drawn)) < 1024 * 1024
    boxes = [panel["gridPos"] for panel in drawn["panels"]]
    assert all(box["x"] + box["w"] <= 24 for box in boxes)
    assert not any(_overlap(a, b) for place, a in enumerate(boxes) for b in boxes[:place])
    for panel in drawn["panels"]:
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}"
            assert "[5m]" not in target["expr"]


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    return (
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda it: getattr(it, "title", None) or "note")
def test_a_panel_says_what_it_shows(board: Dashboard, panel: Panel) -> None:
    if isinstance(panel, Note):
        assert panel.text
        return
    assert panel.title
    assert panel.description.endswith((".", "`"))
    assert panel.queries
    assert not panel.runbook or panel.runbook in set(alerts.names()), board.uid


@pytest.mark.parametrize("name", sorted(set(alerts.names())))
def test_an_alert_has_a_runbook_that_says_what_to_do(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == list(SECTIONS)
    for other in re.findall(r"\]\((\w+)\.md\)", text):
        assert (RUNBOOKS / f"{other}.md").exists()


def test_no_runbook_is_of_nothing() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(alerts.names())


@pytest.mark.parametrize("rule", [rule for rule in RULES if "alert" in rule], ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_and_what(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert {"summary", "description", "runbook_url"} == set(rule["annotations"])


@pytest.mark.parametrize(
    "counter",
    sorted({name for alert in alerts.ALERTS for name in re.findall(r"increase\((\w+)", alert.expr)}),
)
def test_the_first_one_counts(counter: str) -> None:
    """Broken by: a labelled counter whose series begin at 1, so that `increase` sees nothing of a burst at once."""
    shown = b"\n".join(map(metrics.expose, ("ingest", "dispatcher", "compliance"))).decode()
    assert re.search(rf"^{counter}(\{{| )", shown, re.MULTILINE)


def _commands() -> set[str]:
    """Every command there is, as it is written: `kaiwa sends list`."""
    found = set()
    for entry in entry_points(group=GROUP):
        loaded = entry.load()
        if isinstance(loaded, typer.Typer):
            group = typer.main.get_group(loaded)
            found |= {f"{entry.name} {name}" for name in group.commands}
        else:
            found.add(entry.name)
    return found


WRITTEN = "\n".join(
    [
        *(path.read_text("utf-8") for path in sorted(RUNBOOKS.glob("*.md"))),
        *(f"{alert.summary} {alert.then}" for alert in alerts.ALERTS),
    ]
)
PANEL_WORDS = "\n".join(f"{panel.description} {getattr(panel, 'text', '')}" for _, panel in PANELS)


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"`kaiwa ([a-z]+(?: [a-z-]+)?)", WRITTEN + PANEL_WORDS)))
)
def test_a_command_that_a_runbook_names_exists(command: str) -> None:
    assert command in _commands() or command.split(maxsplit=1)[0] in _commands()


@pytest.mark.parametrize("word", sorted(set(re.findall(r"`(?!pg_)([a-z]+(?:_[a-z]+)+)`", WRITTEN))))
def test_a_log_line_that_a_runbook_names_exists(word: str) -> None:
    sources = (path for room in ("libs", "services") for path in (ROOT / room).rglob("*.py"))
    assert any(word in path.read_text("utf-8") for path in sources if "monitoring" not in path.parts)


LINES = [line for lines in QUESTIONS.values() for line in lines]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.what)
def test_a_line_of_top_asks_for_what_there_is_and_alarms_as_the_alert_does(line: Line) -> None:
    """Broken by: a metric or label that was renamed, a limit that is not its alert's."""
    metric = METRICS[line.metric]
    used = {line.by, line.where[0] if line.where else ""} - {""}
    assert used <= set(metric.labels)
    kinds = {"rate": "counter", "p99": "histogram"}
    assert metric.kind == kinds.get(line.way, "gauge")
    if line.limit == math.inf:
        return
    assert line.runbook in set(alerts.names())
    asked = [rule["expr"] for rule in RULES if rule.get("alert") == line.runbook]
    burns = line.runbook.endswith("BudgetBurns")
    bound = f'le="{line.limit:.1f}"|> bool {line.limit:g}\\b' if burns else f"> {line.limit:g}$"
    defined = [slo.bad for slo in SLOS if slo.alert == line.runbook] if burns else asked
    assert any(line.metric in expr and re.search(bound, expr) for expr in defined)


def test_top_asks_the_questions_of_the_dashboards() -> None:
    titles = [board.title.removeprefix("Kaiwa · ") for board in DASHBOARDS]
    assert list(QUESTIONS) == titles[: len(QUESTIONS)]
