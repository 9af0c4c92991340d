"""What the chart repeats of the code is what the code says. No Helm is needed: `make chart` renders it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kaiwa.contracts import topics
from kaiwa.contracts.access import ACCESS
from kaiwa.devstack.chart.commands import generated
from kaiwa.devstack.chart.generated import ELSEWHERE, OWN, WHOLE, camel, is_file
from kaiwa.runtime import metrics

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy/helm/kaiwa"
NOT_GIVEN = {"compliance.checkpoint_file"}  # wants a disk of its own: extraEnv with extraVolumes
TEMPLATES = {path.name: path.read_text("utf-8") for path in CHART.glob("templates/*") if path.is_file()}


@pytest.mark.parametrize(("path", "text"), generated(CHART).items(), ids=lambda item: str(item)[:30])
def test_generated_files_are_up_to_date(path: str, text: str) -> None:
    """Breaks when a topic, an access or a setting changes and the chart does not."""
    assert (CHART / path).read_text("utf-8") == text, "run `uv run kaiwa chart write`"


@pytest.mark.parametrize("service", WHOLE)
def test_the_chart_gives_every_variable_that_it_does_not_offer_as_a_setting(service: str) -> None:
    """Breaks when a service learns a variable, or asks for a key file, and the chart has no way to give it."""
    own = {f"{service}.{name}" for name, found in _properties(OWN[service]).items() if not is_file(found)}
    asked = {
        f"{group}.{name}"
        for group, field in WHOLE[service].model_fields.items()
        for name in _properties(field.annotation)
    }
    variables = {f"KAIWA_{name.replace('.', '__')}".upper() for name in asked - (own - ELSEWHERE) - NOT_GIVEN}
    given = "".join(TEMPLATES.values())
    assert {name for name in variables if name not in given} == set()


@pytest.mark.parametrize("service", OWN)
def test_settings_come_back_from_camel_case(service: str) -> None:
    """Helm's `snakecase` is undone by a digit: such a name would become another variable."""
    for name in OWN[service].model_fields:
        assert re.sub("([A-Z])", r"_\1", camel(name)).lower() == name


@pytest.mark.parametrize("service", ACCESS)
def test_a_service_may_use_every_topic_that_it_names(service: str) -> None:
    """Breaks when code names a topic that Kafka would refuse it."""
    access = ACCESS[service]
    used = {topic for path in (ROOT / "services" / service / "kaiwa").rglob("*.py") for topic in _named(path)}
    assert used - {*access.reads, *access.writes, *access.describes} == set(), (
        f"say so in contracts/access.py: {service}"
    )


@pytest.mark.parametrize("service", ACCESS)
def test_groups_begin_as_access_says(service: str) -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "services" / service / "kaiwa").rglob("*.py"))
    groups = set(re.findall(r'(?:GROUP\w*(?:: Final)? = |group=)f?"([^"]+)"', text))
    prefix = ACCESS[service].group
    assert {group for group in groups if not group.startswith((prefix or "none", "kaiwa.{NAME}"))} == set()


def test_metrics_that_the_chart_asks_for_exist() -> None:
    """Breaks when a metric is renamed and the autoscaler keeps asking for the old name."""
    asked = {name for text in TEMPLATES.values() for name in re.findall(r"\bkaiwa_[a-z_]+", text)}
    exposed = "".join(metrics.expose(service).decode() for service in OWN)
    made_by_an_adapter = {"kaiwa_ingest_webhooks_per_second"}
    assert {name for name in asked - made_by_an_adapter if f"# TYPE {name} " not in exposed} == set()


def _properties(model: object) -> dict[str, Any]:
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    found: dict[str, Any] = model.model_json_schema()["properties"]
    return found


def _named(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="topics"), attr=name) | ast.Name(id=name):
                value = getattr(topics, name, None)
                if isinstance(value, str) and value.startswith(("instagram.", "analytics.")):
                    yield value
            case _:
                pass
