"""An installation on a Kubernetes cluster: the chart, with a Kafka, a PostgreSQL and Meta beside it.

The cluster is there already, and holds the images (`deploy/cluster/test.sh`). What the tests need of it they reach by
ports of its node: Kafka, PostgreSQL and the simulator; Kaiwa itself is only reached as Meta does, through its Service.
"""

import asyncio
import json
import os
import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
from shipped import image, said

from kaiwa.devstack.installation import APP_ID, Installation
from kaiwa.devstack.processes import Keeper
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import POSTGRES_VARIABLE, Stack
from kaiwa.simulator.remote import Remote

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
CHART: Final = DEPLOY / "helm" / "kaiwa"
NAMESPACE: Final = "kaiwa"
RELEASE: Final = "kaiwa"
WORKLOADS: Final = ("deployment/kaiwa-ingest", "statefulset/kaiwa-dispatcher", "statefulset/kaiwa-compliance")
WITHIN: Final = "240s"


class Cluster(Installation):
    """As `Installation`; entered, the release is the version with this chart and this tag."""

    # The version that is upgraded from has to read the file, too, and knows no second id of an app.
    marks: ClassVar = {"secret": "proof-facebook", "instagram_secret": "proof-instagram"}

    def __init__(self, keeper: Keeper, *, node: str, chart: Path, tag: str, shop: Shop) -> None:
        self._node, self._chart, self._tag = node, chart, tag
        self._password = secrets.token_hex(12)
        dsn = f"postgresql://kaiwa:{self._password}@{node}:30432/kaiwa"
        stack = Stack(f"{node}:30092", dsn, keeper, kafka=None, postgres=None)
        super().__init__(stack, keeper.directory / "kaiwa", shops=[shop])
        self.remote = Remote(f"http://{node}:30090")
        self.webhook = f"http://kaiwa-ingest.{NAMESPACE}.svc/webhooks/instagram"

    async def kaiwa(self, *words: str) -> str:
        """As an operator does it: in a pod of the service that knows the command."""
        service = "compliance" if words[0] in {"deletions", "ledger"} else "dispatcher"
        return await self.kubectl("exec", f"statefulset/kaiwa-{service}", "--", "kaiwa", *words)

    async def kubectl(self, *words: str, namespace: str = NAMESPACE) -> str:
        return await said("kubectl", "--namespace", namespace, *words)

    async def helm(self, *words: str) -> str:
        return await said("helm", "--namespace", NAMESPACE, *words)

    async def upgrade(self, chart: Path, tag: str) -> None:
        """To this version, which an empty cluster gets as well; returns when every pod is ready."""
        files = [
            f"--values={file}" for file in (chart / "ci" / "dev.yaml", DEPLOY / "cluster" / "values.yaml")
        ]
        await self.helm(
            *("upgrade", "--install", RELEASE, str(chart), *files, f"--set=image.tag={tag}"),
            *("--wait", f"--timeout={WITHIN}"),
        )
        await self.rolled_out()

    async def rolled_out(self) -> None:
        for workload in WORKLOADS:
            await self.kubectl("rollout", "status", workload, f"--timeout={WITHIN}")

    async def pods(self) -> list[dict[str, Any]]:
        """The services' pods, without those of jobs and of the chart's test."""
        asked = await self.kubectl(
            "get", "pods", "--selector=app.kubernetes.io/part-of=kaiwa", "--output=json"
        )
        found: list[dict[str, Any]] = json.loads(asked)["items"]
        services = {"ingest", "dispatcher", "compliance"}
        return [pod for pod in found if pod["metadata"]["labels"]["app.kubernetes.io/component"] in services]

    async def images(self) -> set[str]:
        """What the services' pods run."""
        return {container["image"] for pod in await self.pods() for container in pod["spec"]["containers"]}

    async def _enter(self) -> None:
        self._write_files()
        await self._fixtures()
        self.env[POSTGRES_VARIABLE] = self.stack.postgres_dsn
        await self._closing.enter_async_context(self.remote)
        await self._secrets()
        await self.upgrade(self._chart, self._tag)
        await self.kaiwa("accounts", "apply", "/run/kaiwa/accounts/accounts.json")
        assert await self.remote.handshake(APP_ID), "the webhook does not answer Meta's challenge"

    async def _fixtures(self) -> None:
        names = {
            "NODE": self._node,
            "PASSWORD": self._password,
            "KAFKA_IMAGE": os.environ["KAFKA_IMAGE"],
            "POSTGRES_IMAGE": os.environ["POSTGRES_IMAGE"],
            "SIMULATOR_IMAGE": image("simulator"),
        }
        manifest = self.folder / "fixtures.yaml"
        template = string.Template((DEPLOY / "cluster" / "fixtures.yaml").read_text())
        manifest.write_text(template.substitute(names))
        await said("kubectl", "apply", "--filename", str(manifest))
        _, scenario = self._scenario()
        await self._secret("scenario", {"scenario.json": Path(scenario)}, namespace="meta")
        for name, namespace in (("kafka", "kafka"), ("postgres", "kafka"), ("simulator", "meta")):
            await self.kubectl(
                "rollout", "status", f"statefulset/{name}", f"--timeout={WITHIN}", namespace=namespace
            )

    async def _secrets(self) -> None:
        registry = []
        for shop in self._shops:
            entry = await self._open(shop)
            file = Path(str(entry["token_file"]))
            registry.append(entry | {"token_file": f"/run/kaiwa/accounts/{file.name}"})
        accounts = self.folder / "accounts.json"
        accounts.write_bytes(msgspec.json.encode(registry))
        inside = self.folder / "dsn"
        inside.write_text(f"postgresql://kaiwa:{self._password}@postgres.kafka.svc:5432/kaiwa")
        tokens = {file.name: file for file in self.folder.glob("token-*")}
        await self._secret("kaiwa-keys", {file.name: file for file in (self.folder / "keys").iterdir()})
        await self._secret("kaiwa-meta", {"apps": self.folder / "apps"})
        await self._secret("kaiwa-postgres", {"dsn": inside})
        await self._secret("kaiwa-accounts", {"accounts.json": accounts, **tokens})

    async def _secret(self, name: str, files: Mapping[str, Path], *, namespace: str = NAMESPACE) -> None:
        sources = [f"--from-file={key}={path}" for key, path in files.items()]
        await self.kubectl("create", "secret", "generic", name, *sources, namespace=namespace)


async def pod_is_refused(overrides: Mapping[str, Any]) -> str:
    """What the API server says to a pod in the project's namespace."""
    asked = await asyncio.create_subprocess_exec(
        *("kubectl", "--namespace", NAMESPACE, "run", "intruder", "--image=none", "--dry-run=server"),
        f"--overrides={json.dumps({'apiVersion': 'v1', 'spec': overrides})}",
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await asked.communicate()
    return complaint.decode() if asked.returncode else ""
