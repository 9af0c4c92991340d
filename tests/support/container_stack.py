"""Kafka and PostgreSQL in containers: the same stack as the embedded one, on the images that production would use.

Which images is for the environment to say (KAFKA_IMAGE, POSTGRES_IMAGE). Every container and network carries the label
below, and what a killed run left behind is swept by the next one.
"""

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, cast

os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # we sweep by ourselves, with no further image

import docker
from docker.errors import DockerException, NotFound
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from kaiwa.devstack import kafka, postgres
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Keeper
from kaiwa.devstack.servers import START_TIMEOUT, STOP_TIMEOUT
from kaiwa.devstack.stack import Stack

LABEL: Final = "kaiwa.tests"
"""Its value is the process id of the test run."""

KAFKA_IMAGE: Final = os.environ.get("KAFKA_IMAGE", "apache/kafka:4.2.0")
POSTGRES_IMAGE: Final = os.environ.get("POSTGRES_IMAGE", "postgres:15")

KAFKA_INSIDE: Final = "kafka:19092"
POSTGRES_INSIDE: Final = "postgres:5432"
"""Where the containers of one network find each other."""

_LOG_DIR: Final = "/var/lib/kafka/data"


def engine_away() -> str | None:
    """None, or why no containers can be had."""
    try:
        client = docker.from_env(timeout=5)
    except DockerException:
        return "no Docker engine answers: start one with deploy/engine.sh up"
    client.close()
    return None


class ContainerServer:
    """A server in a container, controlled as the embedded one is: it keeps its address over a stop and a start."""

    def __init__(self, container: DockerContainer, answers: Callable[[], bool]) -> None:
        self._container = container
        self._answers = answers

    @property
    def alive(self) -> bool:
        wrapped = self._container.get_wrapped_container()
        wrapped.reload()
        return bool(wrapped.status == "running")

    def start(self) -> None:
        self._container.get_wrapped_container().start()
        self.wait()

    def wait(self) -> None:
        """Until it serves clients."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if time.monotonic() > deadline or not self.alive:
                said = self._container.get_wrapped_container().logs(tail=20).decode(errors="replace")
                raise TimeoutError(f"{self._container.image} does not answer: {said}")
            time.sleep(0.05)

    def stop(self, *, kill: bool = False) -> None:
        wrapped = self._container.get_wrapped_container()
        if kill:
            wrapped.kill(signal.SIGKILL)
            wrapped.wait(timeout=STOP_TIMEOUT)
        else:
            wrapped.stop(timeout=int(STOP_TIMEOUT))

    def pause(self) -> None:
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        self._container.get_wrapped_container().unpause()


class ContainerKafka(ContainerServer):
    """One node with the embedded broker's settings; its segment files are in a folder of this machine."""

    def __init__(self, keeper: Keeper, network: Network) -> None:
        port = free_port()
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.log_dir = keeper.directory / "kafka"
        self.log_dir.mkdir()
        self.log_dir.chmod(0o777)
        container = _labelled(DockerContainer(KAFKA_IMAGE), network, "kafka", {9092: port})
        container.with_envs(**_variables(port))
        container.with_volume_mapping(self.log_dir, _LOG_DIR, "rw")
        super().__init__(container, lambda: kafka.answers(port))

    def empty(self) -> None:
        """Its files belong to the image's user: only there can they be removed without being root."""
        if self.alive:
            self._container.exec(["sh", "-c", f"rm -rf {_LOG_DIR}/*"])


@contextmanager
def running_containers() -> Iterator[tuple[Stack, Network]]:
    """Both servers on a network of their own, until the context is left."""
    sweep()
    with ExitStack() as closing, ThreadPoolExecutor(2) as pool:
        keeper = closing.enter_context(Keeper())
        network = closing.enter_context(Network(docker_network_kw={"labels": _labels()}))
        broker = ContainerKafka(keeper, network)
        password, port = secrets.token_hex(12), free_port()
        server = PostgresContainer(
            POSTGRES_IMAGE, username=postgres.USER, password=password, dbname="postgres"
        )
        _labelled(server, network, "postgres", {5432: port}).with_command(
            ["postgres", "-c", "max_connections=200"]
        )
        dsn = f"postgresql://{postgres.USER}:{password}@127.0.0.1:{port}/postgres"
        database = ContainerServer(server, lambda: postgres.answers(dsn))
        started = [pool.submit(closing.enter_context, each) for each in (broker._container, server)]
        for future in started:
            future.result()
        closing.callback(broker.empty)
        broker.wait()
        database.wait()
        yield Stack(broker.bootstrap_servers, dsn, keeper, broker, database), network


def sweep() -> None:
    """Remove what test runs left behind that are no more."""
    client = docker.from_env()
    try:
        for container in client.containers.list(all=True, filters={"label": LABEL}):
            if _ended(container.labels[LABEL]):
                container.remove(force=True, v=True)
        for network in client.networks.list(filters={"label": LABEL}):
            if _ended(network.attrs["Labels"][LABEL]):
                network.remove()
    except NotFound:
        pass  # another run sweeps too
    finally:
        client.close()


def _ended(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _labels() -> dict[str, str]:
    return {LABEL: str(os.getpid())}


def _labelled(
    container: DockerContainer, network: Network, name: str, ports: Mapping[int, int]
) -> DockerContainer:
    """On this network under this name, its ports on loopback, where they stay when it is started again."""
    container.with_kwargs(labels=_labels())
    container.with_network(network)
    container.with_network_aliases(name)
    container.ports = {str(inside): cast("Any", ("127.0.0.1", outside)) for inside, outside in ports.items()}
    return container


def _variables(port: int) -> dict[str, str]:
    """The embedded broker's settings, as the public image reads them: `a.b-c` is KAFKA_A_B___C."""
    settings = {
        **kafka.settings(port=port, controller_ports=[9093], log_dir=Path(_LOG_DIR)),
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": "HOST://:9092,INSIDE://:19092,CONTROLLER://:9093",
        "advertised.listeners": f"HOST://127.0.0.1:{port},INSIDE://{KAFKA_INSIDE}",
        "listener.security.protocol.map": "HOST:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
    }
    names = {name: name.replace("_", "__").replace("-", "___").replace(".", "_") for name in settings}
    return {f"KAFKA_{names[name].upper()}": value for name, value in settings.items()} | {
        "KAFKA_HEAP_OPTS": "-Xmx256m -XX:+UseSerialGC"
    }
