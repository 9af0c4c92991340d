"""`compose.yaml` at work, all but Grafana: a customer writes, a person answers, Meta has the answer, Prometheus saw it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from leftovers import wait_until
from shipped import REPOSITORY, TAG
from stacks import unmet

from kaiwa.devstack.ports import free_port

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
PROJECT = f"kaiwa-test-{os.getpid()}"
PORTS = ("KAFKA", "SIMULATOR", "INGEST", "DISPATCHER", "DOOR", "COMPLIANCE", "PROMETHEUS")
ACCOUNT, CUSTOMER = "17841400000000001", "1111000000000001"


class Compose:
    def __init__(self, command: list[str]) -> None:
        self._command = [*command, "--project-name", PROJECT, "--file", str(ROOT / "compose.yaml")]
        self._ports = {f"{name}_PORT": str(free_port()) for name in PORTS}
        self._env = {**os.environ, **self._ports, "KAIWA_REPOSITORY": REPOSITORY, "KAIWA_TAG": TAG}

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [*self._command, *words], env=self._env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr[-2000:]}"
        return done.stdout

    def get(self, service: str, path: str) -> bytes:
        """The body of a 200, nothing where there is none yet."""
        port = self._ports[f"{service.upper()}_PORT"]
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read() or b"ok"
        except OSError:
            return b""

    def kaiwa(self, *words: str) -> str:
        return self("run", "--rm", "kaiwa", *words)


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    plugin = (
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    )
    if not plugin and not shutil.which("docker-compose"):
        unmet("neither `docker compose` nor docker-compose is there: install one")
    made = Compose(["docker", "compose"] if plugin else ["docker-compose"])
    try:
        made("up", "--detach", "ingest", "dispatcher", "compliance", "simulator", "prometheus")
        yield made
    finally:
        shown = made("logs", "--no-color", "--tail=40", "ingest", "dispatcher", "simulator")
        sys.stdout.write(shown)  # pytest shows it with a failure
        made("down", "--volumes", "--timeout", "5")


def test_a_newcomers_first_conversation(compose: Compose) -> None:
    """The README's lines. Broken by: a job that a service does not wait for, a variable or a file that is missing."""
    for service in ("ingest", "dispatcher", "compliance"):
        wait_until(lambda: compose.get(service, "/readyz"), f"{service} is ready", timeout=120)  # noqa: B023
    compose("run", "--rm", "accounts")
    compose.kaiwa("simulator", "write", ACCOUNT, CUSTOMER, "#1 Do you have it in blue?")
    compose.kaiwa(
        "send", "--account", ACCOUNT, "--to", CUSTOMER, "--human", "me", "--text", "#2 Yes, in blue too"
    )
    books = "/_simulator/books?marker=%232"
    wait_until(lambda: b'"accepted"' in compose.get("simulator", books), "Meta has the answer", timeout=60)


@pytest.mark.parametrize("service", ["ingest", "dispatcher", "compliance"])
def test_prometheus_has_what_dashboards_and_alerts_ask_for(compose: Compose, service: str) -> None:
    """Broken by: a job or a namespace that the chart names otherwise, a port, rules that are not mounted."""
    asked = urlencode({"query": f'up{{job="{service}", namespace!=""}} == 1'})
    wait_until(lambda: compose.get("prometheus", "/-/ready"), "Prometheus is ready", timeout=60)
    wait_until(lambda: prometheus(compose, f"query?{asked}")["result"], f"{service} is scraped", timeout=60)
    rules = [rule for group in prometheus(compose, "rules")["groups"] for rule in group["rules"]]
    assert rules
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}


def prometheus(compose: Compose, question: str) -> dict[str, Any]:
    return dict(json.loads(compose.get("prometheus", f"/api/v1/{question}"))["data"])
