"""What the commands of deletion stand on: settings, keys, and the accounts as Kafka has them."""

import re
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Final, Self

import rich.console
import rich.progress
import typer

from kaiwa.bus.reader import read
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts import topics
from kaiwa.contracts.accounts import Account, decode
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.runtime.cli import Failure
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import Kafka

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _id(text: str | None) -> str | None:
    if text is not None and not _ID.fullmatch(text):
        raise Failure(f"{text!r} is no id: give digits as Meta has them", code=2)
    return text


AccountId = Annotated[str, typer.Option("--account", callback=_id, help="The account's id.")]
CustomerId = Annotated[
    str | None,
    typer.Option("--customer", callback=_id, help="One customer's id; all of the account without it."),
]


def hash_key(settings: ComplianceSettings) -> bytes:
    return read_keys(settings.compliance.hash_key_file)[0]


async def accounts(kafka: Kafka) -> list[Account]:
    """Every account that is registered; what cannot be read is passed over."""
    found: dict[bytes, Account] = {}
    async for record in read(kafka, [topics.ACCOUNTS], client_id="kaiwa.command"):
        key = record.key or b""
        found.pop(key, None)
        if record.value:
            try:
                found[key] = decode(record.value)
            except UNREADABLE:
                continue
    return list(found.values())


class Bar:
    """Progress on stderr, and only where somebody looks."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown: AbstractContextManager[rich.progress.Progress | None] = (
            rich.progress.Progress(console=rich.console.Console(stderr=True), transient=True)
            if sys.stderr.isatty()
            else nullcontext()
        )

    def __enter__(self) -> Self:
        self._progress = self._shown.__enter__()
        self._task = self._progress.add_task(self._what, total=None) if self._progress else None
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.__exit__(None, None, None)

    def moved(self, done: int, total: int | None = None) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total)
