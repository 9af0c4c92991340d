"""A Kafka and a PostgreSQL to work with: our own, started for the moment, or the ones that the environment names."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kaiwa.devstack import artifacts, postgres
from kaiwa.devstack.kafka import Kafka
from kaiwa.devstack.postgres import Postgres
from kaiwa.devstack.processes import Keeper
from kaiwa.devstack.servers import Broker, Controlled

KAFKA_VARIABLE = "KAIWA_KAFKA__BOOTSTRAP_SERVERS"
POSTGRES_VARIABLE = "KAIWA_POSTGRES__DSN"


@dataclass(frozen=True, slots=True)
class Stack:
    """`kafka` and `postgres` are handles on servers of our own, None for servers that were there before.

    `keeper` starts further processes that end with the stack; its directory goes away with it.
    """

    bootstrap_servers: str
    postgres_dsn: str
    keeper: Keeper
    kafka: Broker | None
    postgres: Controlled | None

    def create_database(self, name: str) -> str:
        """A new, empty database; its DSN."""
        return postgres.create_database(self.postgres_dsn, name)

    def drop_database(self, name: str) -> None:
        postgres.drop_database(self.postgres_dsn, name)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead Kaiwa's services here."""
        return {KAFKA_VARIABLE: self.bootstrap_servers, POSTGRES_VARIABLE: self.postgres_dsn}


@contextmanager
def running(directory: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Iterator[Stack]:
    """Both servers, until the context is left or this process ends, in whatever way.

    Working files are in a temporary folder within `directory` (the system's by default), removed at the end.
    """
    bootstrap_servers, dsn = environ.get(KAFKA_VARIABLE), environ.get(POSTGRES_VARIABLE)
    jars = [] if bootstrap_servers else artifacts.ensure()  # before all else: it may take long, and fail
    with ThreadPoolExecutor(1) as pool, Keeper(directory) as keeper:
        starting = None if bootstrap_servers else pool.submit(Kafka.launched, keeper, jars)
        server = None if dsn else Postgres.launched(keeper)
        kafka = None if starting is None else starting.result()
        yield Stack(
            bootstrap_servers=kafka.bootstrap_servers if kafka else bootstrap_servers or "",
            postgres_dsn=server.dsn if server else dsn or "",
            keeper=keeper,
            kafka=kafka,
            postgres=server,
        )
