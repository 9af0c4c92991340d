"""The chart as a thing to read: its suites, its README, its comments, and the files that others put into it."""

import re
import shutil
import subprocess
from pathlib import Path

import yaml
from helm import CHART, helm, of, tool


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_helms_own_suites_pass() -> None:
    done = _run(tool("helm-unittest"), CHART)
    assert done.returncode == 0, done.stdout


def test_every_template_has_a_suite() -> None:
    templates = {
        str(path.relative_to(CHART))
        for path in CHART.glob("templates/**/*")
        if path.is_file() and not path.name.startswith("_")
    }
    suites = [yaml.safe_load(path.read_text("utf-8")) for path in CHART.glob("tests/*_test.yaml")]
    assert {name for suite in suites for name in suite["templates"]} == templates


def test_the_readme_is_that_of_the_values() -> None:
    """Breaks when a value is added or its comment changes, and the README stays."""
    done = _run(tool("helm-docs"), "--chart-search-root", CHART, "--sort-values-order", "file", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (CHART / "README.md").read_text("utf-8").strip(), "run `make chart-readme`"


def test_every_value_has_a_comment() -> None:
    """Breaks when somebody adds a value and leaves the next reader to guess."""
    rows = re.findall(
        r"^\| `(.+?)` \| .* \| (.*) \|$", (CHART / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) > 100
    assert [name for name, meaning in rows if not meaning.strip()] == []


def test_dashboards_and_rules_arrive_as_they_are(tmp_path: Path) -> None:
    """Breaks when Helm takes `{{ $labels.job }}` for a template of its own, or a file is left out."""
    chart = tmp_path / "kaiwa"
    shutil.copytree(CHART, chart)
    board = '{"title": "Is it {{ healthy }}?", "uid": "kaiwa"}'
    alert = {"alert": "A", "expr": "up == 0", "annotations": {"summary": "{{ $labels.job }} is away"}}
    rules = {"groups": [{"name": "g", "rules": [alert]}]}
    (chart / "files/dashboards/mine.json").write_text(board, "utf-8")
    (chart / "files/rules/mine.yaml").write_text(yaml.safe_dump(rules), "utf-8")
    text = helm("template", "kaiwa", chart, "-f", chart / "ci/production.yaml")
    objects = tuple(found for found in yaml.safe_load_all(text) if found)
    config = of("ConfigMap", objects)["kaiwa-dashboard-mine"]
    assert config["data"] == {"mine.json": board}
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    rule = of("PrometheusRule", objects)["kaiwa-mine"]
    assert rule["spec"] == rules
    assert rule["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_dashboards_fit_into_a_config_map() -> None:
    for path in CHART.glob("files/dashboards/*.json"):
        assert path.stat().st_size < 1024 * 1024, path.name


def test_notes_say_the_next_command() -> None:
    text = helm(
        "install", "kaiwa", CHART, "--dry-run=client", "-n", "shop", "-f", CHART / "ci/production.yaml"
    )
    notes = text[text.index("NOTES:") :]
    assert "helm test kaiwa -n shop --logs" in notes
    assert "https://hooks.example.com/webhooks/instagram" in notes
