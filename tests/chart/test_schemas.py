"""Three versions of Kubernetes would take every object, and the operators theirs (the fields used, in `crds/`)."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest
from helm import CHART, ROOT, VALUES, text, tool, unavailable

KUBERNETES = ("1.30.0", "1.34.0", "1.37.0")
OWN = "{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
THEIRS = "{{ .NormalizedKubernetesVersion }}-local-strict/{{ .ResourceKind }}{{ .KindSuffix }}.json"
EVERYTHING = (
    "--set", "monitoring.rules.enabled=true,monitoring.dashboards.enabled=true,ingest.autoscaling.enabled=true",
    "--set", "ingest.autoscaling.requestsPerSecond=50",
)  # fmt: skip


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kubernetes' schemas from a package; kubeconform cannot follow their absolute references as they are."""
    package = importlib.util.find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        unavailable("no kubernetes-validate: run `make chart`, which brings it")
        raise AssertionError
    source = Path(package.origin).parent / "kubernetes-json-schema"
    folder = tmp_path_factory.mktemp("schemas")
    for version in KUBERNETES:
        name = f"v{version}-local-strict"
        (folder / name).mkdir()
        for path in (source / name).glob("*.json"):
            schema = json.loads(
                path.read_text("utf-8").replace("/api/_definitions.json", "_definitions.json")
            )
            schema.pop("$id", None)
            (folder / name / path.name).write_text(json.dumps(schema), "utf-8")
    return folder


def _conform(manifests: str, version: str, schemas: Path) -> subprocess.CompletedProcess[str]:
    locations = [f"{schemas}/{THEIRS}", f"{ROOT}/tests/chart/crds/{OWN}"]
    where = [part for location in locations for part in ("-schema-location", location)]
    return subprocess.run(
        [tool("kubeconform"), "-strict", "-summary", "-kubernetes-version", version, *where],
        input=manifests,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", VALUES)
def test_every_object_is_valid(values: str, version: str, schemas: Path) -> None:
    manifests = text(values, "--kube-version", version, *EVERYTHING)
    done = _conform(manifests, version, schemas)
    assert done.returncode == 0, done.stdout
    assert "Skipped: 0" in done.stdout


def test_the_validation_can_fail(schemas: Path) -> None:
    """Breaks when the schemas are not found, or found and lax."""
    for right, wrong in (("maxUnavailable: 1", "maxUnavailble: 1"), ("type: scram-sha-512", "type: magic")):
        manifests = text("production")
        assert right in manifests
        assert _conform(manifests.replace(right, wrong), "1.34.0", schemas).returncode == 1


def test_helm_finds_nothing_to_complain_of() -> None:
    for values in VALUES:
        done = subprocess.run(
            [tool("helm"), "lint", "--strict", CHART, "-f", CHART / f"ci/{values}.yaml"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
