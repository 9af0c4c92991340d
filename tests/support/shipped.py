"""An installation of the images that ship: each service a container, as a cluster would run it.

Nothing of the test's own code is in them: no simulator, no sources, a root that cannot be written to, no capabilities,
a user that is nobody. The simulator has an image of its own, which is never shipped.
"""

import asyncio
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from container_stack import KAFKA_INSIDE, LABEL, POSTGRES_INSIDE
from testcontainers.core.network import Network

from kaiwa.devstack.installation import COMMAND_WITHIN, INGEST, SIMULATOR, Installation
from kaiwa.devstack.processes import Keeper, Process, last_line
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.errors import DependencyError

REPOSITORY: Final = os.environ.get("KAIWA_REPOSITORY", "kaiwa")
TAG: Final = os.environ.get("KAIWA_TAG", "0.1.0")
USER: Final = 10001
PORT: Final = 8080
"""Inside, for every service and the simulator: each has an address of its own."""

TOOLS: Final = "tools"
_STATE: Final = "/var/lib/kaiwa"
_HARDENED: Final = (
    *("--read-only", "--tmpfs", "/tmp:size=16m", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--pids-limit", "128", "--memory", "512m"),
)


def image(target: str) -> str:
    return f"{REPOSITORY}/{target}:{TAG}"


class Container(Process):
    """A container that runs as long as its `docker run`, whose log is its own; signals reach its first process."""

    def __init__(
        self,
        keeper: Keeper,
        name: str,
        target: str,
        words: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        options: Sequence[str],
    ) -> None:
        self.id = f"kaiwa-test-{secrets.token_hex(4)}-{name}"
        variables = [
            word for variable in env for word in ("--env", variable)
        ]  # by name: a value may be a secret
        argv = ["docker", "run", "--rm", "--name", self.id, "--label", f"{LABEL}={os.getpid()}", *_HARDENED]
        super().__init__(keeper, name, [*argv, *variables, *options, image(target), *words], env=env, log=log)

    async def _end(self, number: int, timeout: float) -> int:  # noqa: ASYNC109 - as in Process
        killing = await asyncio.create_subprocess_exec(
            "docker", "kill", "--signal", str(int(number)), self.id, stdout=asyncio.subprocess.DEVNULL
        )
        await killing.wait()
        return await self.wait(timeout)

    async def inspect(self, shape: str) -> str:
        """What the engine says of it, in the shape of a template."""
        return await said("docker", "inspect", "--format", shape, self.id)


class Shipped(Installation):
    """As `Installation`, on containers of one network; `env` is the view from outside, as a test has it."""

    def __init__(self, stack: Stack, network: Network, folder: Path, *, shops: Sequence[Shop]) -> None:
        super().__init__(stack, folder, shops=shops)
        self._network = network.name
        self.webhook = f"http://{INGEST}:{PORT}/webhooks/instagram"
        self._options = ["--network", network.name or "", "--volume", f"{folder}:{folder}:ro"]
        self._options += ["--volume", f"{folder}/state:{_STATE}"]

    def container(self, name: str) -> Container:
        found = self.processes[name]
        assert isinstance(found, Container)
        return found

    async def kaiwa(self, *words: str) -> str:
        log = self.folder / f"command-{secrets.token_hex(4)}.log"
        command = self._container("kaiwa", TOOLS, words, log=log)
        command.start()
        if await command.wait(COMMAND_WITHIN) != 0:
            raise DependencyError(f"kaiwa {' '.join(words)} failed: {last_line(log)}")
        return log.read_text()

    def _start(self, name: str, *words: str) -> None:
        target = "dispatcher" if name in self._dispatchers else name
        options = ["--network-alias", name, "--publish", f"127.0.0.1:{self._ports[name]}:{PORT}"]
        if name == SIMULATOR:
            words = ("--port", str(PORT), *words[2:])
        log = self.folder / f"{name}.log"
        self.processes[name] = self._container(name, target, words, log=log, options=options)
        self.processes[name].start()

    def _container(
        self, name: str, target: str, words: Sequence[str], *, log: Path, options: Sequence[str] = ()
    ) -> Container:
        self._hand_over()
        env = self._inside() | {"KAIWA_HTTP__PORT": str(PORT), "KAIWA_KAFKA__GROUP_INSTANCE_ID": name}
        return Container(
            self.stack.keeper, name, target, words, env=env, log=log, options=[*self._options, *options]
        )

    def _inside(self) -> dict[str, str]:
        """The same variables as they read on the network."""
        moved = {
            self.stack.bootstrap_servers: KAFKA_INSIDE,
            self.stack.postgres_dsn.rpartition("@")[2].partition("/")[0]: POSTGRES_INSIDE,
            self.url(SIMULATOR).removeprefix("http://"): f"{SIMULATOR}:{PORT}",
        }
        env: dict[str, Any] = {}
        for variable, value in self.env.items():
            for outside, inside in moved.items():
                value = value.replace(outside, inside)  # noqa: PLW2901 - one address after the other
            env[variable] = value
        return env | {"KAIWA_COMPLIANCE__CHECKPOINT_FILE": f"{_STATE}/checkpoints.jsonl"}

    def _hand_over(self) -> None:
        """What was written so far becomes readable to the images' user, and `state` writable."""
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        state.chmod(0o777)
        for path in self.folder.rglob("*"):
            if path.stat().st_uid == os.getuid() and not path.is_relative_to(state):
                path.chmod(0o755 if path.is_dir() else 0o644)


async def said(*command: str) -> str:
    """What a command prints; its own last line of complaint where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaint = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}: {complaint.decode()}"
    return out.decode()
