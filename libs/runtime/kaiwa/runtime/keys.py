"""Key files: one key on each line in base64 or hex, the first is the current one, `#` starts a comment.

Several keys make rotation possible: put the new one first, and drop the old one when nothing needs it any more.
`generate` makes every file that the services of one installation ask for.
"""

import base64
import binascii
import os
import re
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import typer

from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.errors import SettingsError

KEY_BYTES: Final = 32

# An Ed25519 private key is 32 random bytes (RFC 8032), so the ledger's signing key has the same form as the others.
FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "KAIWA_INGEST__ID_KEY_FILE": "ingest-id.key",
        "KAIWA_DISPATCHER__SEAL_KEY_FILE": "dispatcher-seal.key",
        "KAIWA_COMPLIANCE__SIGNING_KEY_FILE": "compliance-signing.key",
        "KAIWA_COMPLIANCE__HASH_KEY_FILE": "compliance-hash.key",
        "KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE": "analytics-pseudonym.key",
        "KAIWA_META__VERIFY_TOKEN_FILE": "verify-tokens",
    }
)


def read_keys(path: Path) -> list[bytes]:
    """The keys of a file, current one first; `SettingsError` names the line that is not a key, never its text."""
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read as a key file: make one with `kaiwa keys generate DIR`"
        ) from error
    return parse_keys(text, where=str(path))


def parse_keys(text: str, where: str = "the key file") -> list[bytes]:
    """The same from a file's text, for one that is watched."""
    numbered = [(number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1)]
    keys = [_decode(key, where=f"{where}, line {number}") for number, key in numbered if key]
    if not keys:
        raise SettingsError(f"{where} holds no key: make one with `kaiwa keys generate DIR`")
    return keys


def _decode(text: str, *, where: str) -> bytes:
    try:
        key = (
            bytes.fromhex(text)
            if re.fullmatch("[0-9a-fA-F]+", text)
            else base64.b64decode(text, validate=True)
        )
    except (ValueError, binascii.Error):
        raise SettingsError(f"{where} is neither base64 nor hex: put one key on each line") from None
    if len(key) < KEY_BYTES:
        raise SettingsError(f"{where} is a key of {len(key)} bytes: at least {KEY_BYTES} are needed")
    return key


def generate(directory: Path) -> dict[str, Path]:
    """Make every key file in `directory`, readable by its owner alone; the path for each variable. Overwrites nothing."""
    paths = {name: directory.absolute() / file for name, file in FILES.items()}
    taken = [path.name for path in paths.values() if path.exists()]
    if taken:
        raise Failure(f"{directory} already has {', '.join(taken)}: name an empty folder", code=1)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in paths.values():
        _write_new(path, _token() if path.name == FILES["KAIWA_META__VERIFY_TOKEN_FILE"] else _key())
    return paths


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _token() -> str:
    """A verify token is typed into a form of the platform and travels in a query string: no `+`, `/` or `=`."""
    return secrets.token_urlsafe(KEY_BYTES)


def _write_new(path: Path, secret: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secret}\n")


keys = typer.Typer(help="Key files.")


@keys.command("generate")
def generate_command(
    directory: Annotated[Path, typer.Argument(help="A folder; made when it is missing.")],
    *,
    as_json: Json = False,
) -> None:
    """Make every key file, and print the variables that name them."""
    paths = {name: str(path) for name, path in generate(directory).items()}
    emit(
        paths,
        as_json=as_json,
        table="\n".join(f"export {name}={shlex.quote(path)}" for name, path in paths.items()),
    )
