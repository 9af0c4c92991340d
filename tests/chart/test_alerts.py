"""Each alert on a cause, once firing and once silent, as Prometheus itself judges it (`promtool test rules`)."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from alert_cases import CASES
from helm import ROOT, unavailable
from slo_cases import SLO_CASES

from kaiwa.devstack.monitoring.alerts import ALERTS
from kaiwa.devstack.monitoring.slos import SLOS

RULES = ROOT / "deploy/helm/kaiwa/files/rules/kaiwa.yaml"


def promtool() -> str:
    return shutil.which("promtool") or unavailable("no promtool: install Debian's package `prometheus`")


def judgement(alert: str, series: dict[str, str], at: str, *, firing: bool) -> dict[str, Any]:
    """A test of promtool: the alert fires at that moment, or it does not."""
    expr = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0'
    return {
        "name": f"{alert} {'fires' if firing else 'stays silent'}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}] if firing else []}
        ],
    }


def test_the_rules_are_rules() -> None:
    done = subprocess.run([promtool(), "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_its_case() -> None:
    assert set(CASES) == {alert.name for alert in ALERTS}
    assert set(SLO_CASES) == {slo.name for slo in SLOS}


def written(folder: Path, group: dict[str, Any]) -> Path:
    """The tests of one group of rules, beside it: promtool would judge each case by all rules that it is given."""
    rules, file = folder / f"{group['name']}-rules.yaml", folder / f"{group['name']}.yaml"
    rules.write_text(yaml.safe_dump({"groups": [group]}))
    alerts = {rule["alert"] for rule in group["rules"] if "alert" in rule}
    judged = [(name, case, case.at) for name, case in CASES.items()]
    judged += [(slo.alert, SLO_CASES[slo.name], "30m") for slo in SLOS]
    own = [each for each in judged if each[0] in alerts]
    tests = [judgement(name, case.fires, at, firing=True) for name, case, at in own]
    tests += [judgement(name, case.stays, at, firing=False) for name, case, at in own]
    assert len(tests) == 2 * len(alerts)
    file.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": tests}))
    return file


@pytest.mark.timeout(300)
def test_each_fires_when_it_should_and_only_then(tmp_path: Path) -> None:
    """One run for all, since starting promtool takes longer than judging; it names what it disagrees with."""
    files = [written(tmp_path, group) for group in yaml.safe_load(RULES.read_text())["groups"]]
    done = subprocess.run([promtool(), "test", "rules", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
