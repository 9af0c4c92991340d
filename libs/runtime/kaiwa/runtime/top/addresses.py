"""Where the services are: as said, else as `kaiwa up` wrote it down, else on this machine's usual ports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kaiwa.runtime.errors import SettingsError

VARIABLE: Final = "KAIWA_TOP_URL"
USUAL: Final = (
    "ingest=http://127.0.0.1:8080",
    "dispatcher=http://127.0.0.1:8081",
    "compliance=http://127.0.0.1:8082",
)


@dataclass(frozen=True, slots=True)
class Address:
    """A process: its name, as far as it was given, and the URL before `/metrics`."""

    name: str
    url: str


def addresses(said: Sequence[str], state: Path) -> list[Address]:
    """`said`: `NAME=URL` or `URL` each; `state`: the file in which `kaiwa up` keeps what it exports."""
    return [parse(each) for each in said or _up(state) or USUAL]


def parse(said: str) -> Address:
    name, equals, url = said.partition("=")
    if not equals or "/" in name:
        name, url = "", said
    url = url.rstrip("/").removesuffix("/metrics")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{said} is no address: give http://HOST:PORT, or NAME=http://HOST:PORT")
    return Address(name, url)


def _up(state: Path) -> list[str]:
    """Nothing where nothing is up, or something that is older than this variable."""
    try:
        found = json.loads(state.read_bytes())["environment"][VARIABLE]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return str(found).split()
