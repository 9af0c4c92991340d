"""The environment that the chart gives is the one that the services read: names, types, files and where they lie."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helm import SERVICES, VALUES, Object, Refused, pods, rendered, secrets_of, service_pods, sets
from pydantic import BaseModel

from kaiwa.bus.commands import TopicsSettings
from kaiwa.compliance.app import build as build_compliance
from kaiwa.devstack.chart.generated import WHOLE
from kaiwa.dispatcher.app import build as build_dispatcher
from kaiwa.ingest.app import build as build_ingest
from kaiwa.runtime.app import Service
from kaiwa.runtime.keys import generate
from kaiwa.runtime.settings import SECRETS, Postgres, Settings, load

BUILD: dict[str, Callable[[], Service]] = {
    "ingest": build_ingest,
    "dispatcher": build_dispatcher,
    "compliance": build_compliance,
}
DSN = "postgresql://kaiwa@db/kaiwa"


class Migration(Settings):
    """What `kaiwa db migrate` reads."""

    postgres: Postgres


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, dict[str, str]]:
    """The Secrets as the README makes them, from what `kaiwa keys generate` writes."""
    paths = generate(tmp_path / "made")
    authority = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")).read_text("utf-8")
    return {
        "kaiwa-keys": {path.name: path.read_text("ascii") for path in paths.values()},
        "kaiwa-meta": {"apps": "1001 a-secret-of-the-app-that-is-long-enough\n"},
        "kaiwa-postgres": {"dsn": DSN},
        "kaiwa-kafka": {"password": "p"},
        "kaiwa-accounts": {"accounts.json": "[]"},
        "internal-ca": {"ca.crt": authority},
        "main-cluster-ca-cert": {"ca.crt": authority},
        "kaiwa-client": {"tls.crt": authority, "tls.key": authority},
    } | {f"kaiwa-{name}": {"password": "p"} for name in SERVICES}


@pytest.fixture
def live(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secrets: dict[str, dict[str, str]]
) -> Callable[[Object], dict[str, str]]:
    """Makes the environment of a pod's container this process's own, its files below `tmp_path`."""

    def into(pod: Object) -> dict[str, str]:
        for name in [name for name in os.environ if name.startswith("KAIWA_")]:
            monkeypatch.delenv(name)
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        _mount(pod, tmp_path, secrets)
        found = {}
        for variable in pod["spec"]["containers"][0]["env"]:
            value = _value(variable, pod)
            found[variable["name"]] = str(tmp_path / value[1:]) if value.startswith("/run/") else value
            monkeypatch.setenv(variable["name"], found[variable["name"]])
        return found

    return into


def _mount(pod: Object, below: Path, secrets: dict[str, dict[str, str]]) -> None:
    for path, source in secrets_of(pod).items():
        file = below / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets[source["secret"]][source["key"]], "utf-8")


def _value(variable: Any, pod: Object) -> str:
    match variable:
        case {"value": str() as value}:
            return value
        case {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}:
            return f"kaiwa-{pod['metadata']['labels']['app.kubernetes.io/component']}-0"
    raise AssertionError(variable)


def _known(model: type[BaseModel], variable: str) -> bool:
    """Whether a settings class has a field behind a variable: an unknown group would be ignored in silence."""
    if variable == SECRETS:
        return True
    found: Any = model
    for part in variable.removeprefix("KAIWA_").lower().split("__"):
        if part not in found.model_fields:
            return False
        found = found.model_fields[part].annotation
    return True


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_from_what_the_chart_gives(
    values: str, service: str, live: Callable[[Object], dict[str, str]]
) -> None:
    """Breaks when a variable, a file or a key is renamed on one side alone."""
    pod = service_pods(rendered(values))[service]
    environment = live(pod)
    built = BUILD[service]()
    assert [name for name in environment if not _known(WHOLE[service], name)] == []
    container = pod["spec"]["containers"][0]
    assert built.settings.http.port == container["ports"][0]["containerPort"]
    assert built.settings.http.host == "0.0.0.0"


def test_values_arrive_as_they_were_meant(live: Callable[[Object], dict[str, str]]) -> None:
    pods_of = service_pods(rendered("airgapped"))
    live(pods_of["dispatcher"])
    dispatcher: Any = load(WHOLE["dispatcher"])
    assert (dispatcher.dispatcher.human_hold, dispatcher.dispatcher.window_margin) == (900, 120.5)
    assert dispatcher.kafka.group_instance_id == "kaiwa-dispatcher-0"
    assert dispatcher.kafka.sasl_password.get_secret_value() == "p"
    live(pods_of["ingest"])
    ingest: Any = load(WHOLE["ingest"])
    assert (ingest.ingest.raw, ingest.ingest.max_bytes_in_flight) == ("always", 134_217_728)
    assert ingest.ingest.status_url == "https://privacy.example.com/deletions/"
    assert ingest.analytics.pseudonym_key_file is None


def test_one_erasure_bound_for_compliance_and_the_topics(live: Callable[[Object], dict[str, str]]) -> None:
    objects = rendered("dev", *sets(erasure__bound="7200"))
    live(service_pods(objects)["compliance"])
    compliance: Any = load(WHOLE["compliance"])
    live(dict(pods(objects))["kaiwa-topics"])
    assert load(TopicsSettings).compliance.bound == compliance.compliance.bound == 7200


@pytest.mark.parametrize("values", VALUES)
def test_jobs_find_what_they_read(values: str, live: Callable[[Object], dict[str, str]]) -> None:
    found = dict(pods(rendered(values)))
    for schema in ("dispatcher", "compliance"):
        live(found[f"kaiwa-migrate-{schema}"])
        assert load(Migration).postgres.dsn.get_secret_value() == DSN
    assert ("kaiwa-topics" in found) == (values != "production")


@pytest.mark.parametrize("values", VALUES)
def test_no_secret_stands_in_an_environment(values: str) -> None:
    """Breaks when a secret could be read from a process list, a crash dump or `kubectl describe`."""
    for name, pod in pods(rendered(values)):
        for variable in pod["spec"]["containers"][0]["env"]:
            assert "secretKeyRef" not in variable.get("valueFrom", {}), name


@pytest.mark.parametrize("service", WHOLE)
def test_analytics_are_on_where_a_service_has_them(service: str) -> None:
    env = service_pods(rendered("dev"))[service]["spec"]["containers"][0]["env"]
    told = "KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE" in {variable["name"] for variable in env}
    assert told == ("analytics" in WHOLE[service].model_fields)


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused, match="humanHoldd"):
        rendered("dev", *sets(dispatcher__settings__humanHoldd="5"))
    with pytest.raises(Refused, match="windowMargin"):
        rendered("dev", *sets(dispatcher__settings__windowMargin="50000"))
