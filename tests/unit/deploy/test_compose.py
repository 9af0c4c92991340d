"""`compose.yaml` and what it mounts, held to the code that reads them; that it runs is tested with the containers."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.dispatcher.accounts_file import read
from kaiwa.dispatcher.settings import DispatcherSettings
from kaiwa.ingest.settings import IngestSettings
from kaiwa.meta.logins import client_of
from kaiwa.meta.signatures import parse_apps
from kaiwa.runtime.keys import generate
from kaiwa.runtime.settings import ServiceSettings, load
from kaiwa.simulator.box import Scenario

ROOT = Path(__file__).parents[3]
MOUNTED = ROOT / "deploy" / "compose"
SERVICES: dict[str, type[ServiceSettings]] = {
    "ingest": IngestSettings,
    "dispatcher": DispatcherSettings,
    "compliance": ComplianceSettings,
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_load_what_it_is_told(
    compose: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by: a variable that is no setting any more, a file that is not there."""
    generate(tmp_path / "keys")
    for variable, value in compose["services"][name]["environment"].items():
        here = value.replace("/run/kaiwa", str(MOUNTED)).replace("/var/lib/kaiwa", str(tmp_path))
        monkeypatch.setenv(variable, here)
    load(SERVICES[name])


def test_what_kaiwa_runs_has_no_rights(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service["image"].startswith("${KAIWA_REPOSITORY"):
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name


def test_ports_are_on_loopback_alone(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 8
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_images_are_those_of_this_version(compose: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = {each["image"] for each in compose["services"].values() if "KAIWA_TAG" in each["image"]}
    assert {image.rpartition(":")[2] for image in ours} == {f"-{version}}}"}


def test_everything_that_is_mounted_is_there(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    for mount in mounts:
        source = mount.partition(":")[0]
        assert source in compose["volumes"] or (ROOT / source).exists(), mount


def test_the_shop_is_the_same_to_meta_and_to_the_registry() -> None:
    scenario = msgspec.json.decode((MOUNTED / "scenario.json").read_bytes(), type=Scenario)
    (entry,) = read(MOUNTED / "accounts.json")
    (account,), (app,) = scenario.accounts, scenario.apps
    assert (entry.account_id, entry.page_id) == (account["account_id"], account["page_id"])
    assert account["tokens"] == {app["app_id"]: (MOUNTED / "token").read_text().strip()}
    assert app["verify_token"] == (MOUNTED / "verify-tokens").read_text().strip()
    apps = parse_apps((MOUNTED / "apps").read_text())
    clients = [client_of(apps, app["app_id"], login) for login in ("facebook", "instagram")]
    assert [(client.client_id, client.secret) for client in clients if client] == [
        (app["app_id"], app["secret"]),
        (app["instagram_app_id"], app["instagram_secret"]),
    ]
