"""`kaiwa keys rotate-seal` and `reseal`: another sealing key, while everything runs.

    the new key is added last → every process can open it → it becomes the first → every process seals with it →
    everything is sealed anew

A run that was broken off is taken up by the next one: the file's comments say how far it was. The old key stays in the
file, since backups need it.
"""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.keyring import Resealed, lacking, reseal
from kaiwa.dispatcher.settings import Dispatcher
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.keys import KEY_BYTES, parse_keys, read_keys
from kaiwa.runtime.settings import Postgres, Settings, load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import Connection, connection
from kaiwa.store.sealing import name

_NEXT = "# next: opens, and does not seal yet"
_FIRST = "# first: seals, and not everything is sealed anew yet"
_LOOK = 0.5  # seconds
_READ_ONLY = (
    "cannot be written here. Where it is mounted from a secret: put a new key last there, wait until every pod has it, put"
    " it first, wait again, then run `kaiwa keys reseal`"
)


class SealSettings(Settings):
    postgres: Postgres
    dispatcher: Dispatcher


def rotate_seal(
    *,
    within: Annotated[float, typer.Option(help="Seconds that the dispatchers have to see the file.")] = 120,
    as_json: Json = False,
) -> None:
    """Make a new sealing key, let every running dispatcher take it, and seal everything anew with it."""
    settings = load(SealSettings)
    _report(asyncio.run(_rotate(settings, within)), as_json=as_json)


def reseal_command(*, as_json: Json = False) -> None:
    """Seal everything anew with the first key of the file; for a file that is kept elsewhere."""
    _report(asyncio.run(_reseal(load(SealSettings))), as_json=as_json)


def _report(done: Resealed, *, as_json: bool) -> None:
    text = f"{done.tokens} tokens and {done.contents} contents sealed anew, {done.left} left"
    emit(asdict(done), as_json=as_json, table=text)
    if done.left:
        raise Failure(
            "some is sealed by another key: it came meanwhile, or its key is gone; run `kaiwa keys reseal` again"
        )


async def _reseal(settings: SealSettings) -> Resealed:
    dsn = settings.postgres.dsn.get_secret_value()
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="keys") as session:
        return await reseal(session, Contents.from_file(settings.dispatcher.seal_key_file))


async def _rotate(settings: SealSettings, within: float) -> Resealed:
    dsn, file = settings.postgres.dsn.get_secret_value(), settings.dispatcher.seal_key_file
    await require_current(dsn, "dispatcher")
    async with connection(dsn, application="keys") as session:
        lines = file.read_text("ascii").splitlines()
        if not any(line.endswith((_NEXT, _FIRST)) for line in lines):
            lines = [*lines, f"{secrets.token_bytes(KEY_BYTES).hex()} {_NEXT}"]
            _write(file, lines)
        if coming := [line for line in lines if line.endswith(_NEXT)]:
            (key,) = parse_keys(coming[0])
            await _taken(session, key, first=False, within=within)
            lines = [coming[0].replace(_NEXT, _FIRST), *(line for line in lines if line not in coming)]
            _write(file, lines)
        await _taken(session, read_keys(file)[0], first=True, within=within)
        done = await reseal(session, Contents.from_file(file))
    _write(file, [line.removesuffix(_FIRST).rstrip() for line in lines])
    return done


async def _taken(session: Connection, key: bytes, *, first: bool, within: float) -> None:
    """Wait until every process that runs has the key."""
    missing = 0
    try:
        async with asyncio.timeout(within):
            while missing := await lacking(session, name(key), first=first):  # noqa: ASYNC110 - the event is in PostgreSQL
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        raise Failure(
            f"{missing} dispatchers have not taken the key file up: is it the file that they read? Nothing is lost; run"
            " this again to go on"
        ) from None


def _write(file: Path, lines: Sequence[str]) -> None:
    """Replaced at once, so that nobody reads half of it; readable as it was."""
    try:
        mode = file.stat().st_mode & 0o777
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "w") as new:
                new.write("".join(f"{line}\n" for line in lines))
                new.flush()
                os.fsync(new.fileno())
            Path(temporary).chmod(mode)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SettingsError(f"{file} {_READ_ONLY}") from error
