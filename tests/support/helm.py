"""The chart as Kubernetes would get it: rendered by Helm, read as objects, looked at by the tests of `tests/chart`."""

import os
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/kaiwa"
TOOLS = ROOT / "deploy/helm/tools.sh"
VALUES = ("dev", "production", "airgapped")
SERVICES = ("ingest", "dispatcher", "compliance")

Object = dict[str, Any]


def unavailable(reason: str) -> NoReturn:
    """Skip, or fail where nothing may be skipped."""
    if os.environ.get("KAIWA_CI_STRICT") == "1":
        pytest.fail(f"SKIPPED is not allowed here: {reason}", pytrace=False)
    pytest.skip(reason)


@lru_cache
def _located(name: str) -> tuple[Path, str]:
    found = subprocess.run([TOOLS, name], capture_output=True, text=True, check=False)
    reason = found.stderr.strip().splitlines()[-1] if found.returncode else ""
    return Path(found.stdout.strip()) / name, reason


def tool(name: str) -> Path:
    """Where a tool is; it is built when it is missing, which `make chart` has done before the tests."""
    path, reason = _located(name)
    if reason:
        unavailable(reason)
    return path


class Refused(Exception):
    """Helm renders nothing; its message is why."""


def helm(*arguments: str | Path) -> str:
    done = subprocess.run([tool("helm"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def text(values: str = "dev", *arguments: str) -> str:
    """What a values file of `ci/` gives, with more arguments of Helm (`--set`, …)."""
    return helm(
        "template", "kaiwa", CHART, "--namespace", "shop", "-f", CHART / f"ci/{values}.yaml", *arguments
    )


def sets(**values: str) -> list[str]:
    """`a__b="c"` for `--set a.b=c`."""
    return [part for key, value in values.items() for part in ("--set", f"{key.replace('__', '.')}={value}")]


@lru_cache
def rendered(values: str = "dev", *arguments: str) -> tuple[Object, ...]:
    return tuple(found for found in yaml.safe_load_all(text(values, *arguments)) if found)


def of(kind: str, objects: tuple[Object, ...]) -> dict[str, Object]:
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def component(found: Object) -> str:
    return str(found["metadata"]["labels"]["app.kubernetes.io/component"])


def pods(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    """Every pod that comes of it, by its owner's name: metadata and spec."""
    for found in objects:
        match found["kind"]:
            case "Pod":
                yield found["metadata"]["name"], found
            case "Deployment" | "StatefulSet" | "Job":
                yield found["metadata"]["name"], found["spec"]["template"]


def service_pods(objects: tuple[Object, ...]) -> dict[str, Object]:
    return {name.removeprefix("kaiwa-"): pod for name, pod in pods(objects) if name[6:] in SERVICES}


def secrets_of(pod: Object) -> dict[str, dict[str, str]]:
    """The files that a pod is given of Secrets: path in the container → Secret and key; whole Secrets have none."""
    found: dict[str, dict[str, str]] = {}
    mounts = {
        mount["name"]: mount["mountPath"] for mount in pod["spec"]["containers"][0].get("volumeMounts", [])
    }
    for volume in pod["spec"].get("volumes", []):
        sources = [volume["secret"] | {"name": volume["secret"]["secretName"]}] if "secret" in volume else []
        sources += [source["secret"] for source in volume.get("projected", {}).get("sources", [])]
        for source in sources:
            for item in source.get("items", []):
                path = f"{mounts[volume['name']]}/{item['path']}"
                found[path] = {"secret": source["name"], "key": item["key"]}
    return found
