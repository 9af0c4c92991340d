"""Secrets in files under version control, by detect-secrets.

What looks like one and is none stands in ``known.toml``, each with the reason: by hash, so that it moves with its line.
Tests and the chart are full of digests, so there only what has the form of a real token or key counts.
A file is looked at once: the answer is kept under the digest of its bytes.
"""

import hashlib
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from kaiwa.devstack.scans.scan import Finding, cache_folder

WHAT: Final = "secrets"

_GENERATED: Final = ("uv.lock", "docs/contracts/", "tests/contract/vendored/")
"""Made of what is looked at elsewhere; long, and full of digests."""
_DIGESTS: Final = frozenset({"libs/devstack/kaiwa/devstack/kafka.lock.json"})
_WORDS: Final = frozenset({"Secret Keyword", "Basic Auth Credentials"})
"""Kinds that say "it is called password". They found 26 names and examples here and nothing else, so they never count."""
_GUESSES: Final = frozenset({"Hex High Entropy String", "Base64 High Entropy String"})
"""Kinds that say "it looks random"; all others know the form of a vendor's token or of a key."""

_FULL_OF_GUESSES: Final = ("tests/", "deploy/")


class Seen(msgspec.Struct, frozen=True):
    """One string that may be a secret; ``digest`` stands for it, so that no cache holds it."""

    kind: str
    line: int
    digest: str


Known = Mapping[str, Mapping[str, str]]
"""By file: digest → why it is no secret."""


def scan(root: Path, *, cache: Path | None = None) -> Finding:
    """Of every file under version control below ``root``."""
    folder = (cache or cache_folder()) / f"secrets-{version('detect-secrets')}"
    folder.mkdir(parents=True, exist_ok=True)
    seen = {name: _seen(root / name, folder) for name in _tracked(root) if _is_looked_at(root, name)}
    return Finding(WHAT, tuple(problems(seen, known())))


def known() -> Known:
    entries = tomllib.loads(files("kaiwa.devstack.scans").joinpath("known.toml").read_text("utf-8"))
    return {name: dict(digests) for name, digests in entries.items()}


def problems(seen: Mapping[str, Iterable[Seen]], known: Known) -> list[str]:
    """What is new, and what is known of and is not there any more."""
    found = {(name, one.digest) for name, secrets in seen.items() for one in secrets}
    new = [
        f"{name}:{one.line} looks like a secret ({one.kind}): take it out and change it; if it is none, say why in "
        f'scans/known.toml under ["{name}"]: {one.digest} = "…"'
        for name, secrets in sorted(seen.items())
        for one in secrets
        if one.digest not in known.get(name, {}) and _counts(name, one.kind)
    ]
    gone = [
        f"scans/known.toml knows {digest} in {name}, which is not there any more: remove the line"
        for name, digests in known.items()
        for digest in digests
        if (name, digest) not in found
    ]
    return [*new, *gone]


def _counts(name: str, kind: str) -> bool:
    return kind not in _WORDS and (kind not in _GUESSES or not name.startswith(_FULL_OF_GUESSES))


def _tracked(root: Path) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True)  # noqa: S607 - git is where the user has it
    return [name for name in listed.stdout.decode().split("\0") if name]


def _is_looked_at(root: Path, name: str) -> bool:
    return not name.startswith(_GENERATED) and name not in _DIGESTS and (root / name).is_file()


def _seen(path: Path, folder: Path) -> tuple[Seen, ...]:
    content = path.read_bytes()
    # The name's end is part of it: detect-secrets reads a .py and a .yaml in different ways.
    entry = folder / hashlib.sha256(path.suffix.encode() + b"\0" + content).hexdigest()
    try:
        return msgspec.json.decode(entry.read_bytes(), type=tuple[Seen, ...])
    except (FileNotFoundError, msgspec.DecodeError):
        found = look(path)
        half = entry.with_suffix(f".{id(found)}")
        half.write_bytes(msgspec.json.encode(found))
        half.replace(entry)
        return found


def look(path: Path) -> tuple[Seen, ...]:
    """Without asking any service whether the secret is alive."""
    collection = SecretsCollection()
    with default_settings():
        collection.scan_file(str(path))
    return tuple(Seen(secret.type, secret.line_number, secret.secret_hash) for _, secret in collection)
