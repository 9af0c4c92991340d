"""``kaiwa ledger …``: the proof of what was deleted, and of what was disclosed."""

import asyncio
import os
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import msgspec
import rich.progress
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kaiwa.compliance.commands.database import snapshot
from kaiwa.compliance.core import proofs
from kaiwa.compliance.core.check import Tampered, Witness
from kaiwa.compliance.core.checkpoints import (
    Keyring,
    key_id,
    keyring,
    public_text,
    read_public,
    signing_key,
)
from kaiwa.compliance.core.proofs import Proof, Unproven
from kaiwa.compliance.proof.notes import NotesFile
from kaiwa.compliance.proof.prove import proof_of
from kaiwa.compliance.proof.verify import Verified, verify
from kaiwa.compliance.proof.witnesses import published, written
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.contracts.erasures import Checkpoint, decode_checkpoint
from kaiwa.runtime.cli import Failure, Json, emit
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load

ledger = typer.Typer(help="The proof of what was deleted, and of what was disclosed.")


@ledger.command("verify")
def verify_command(
    *,
    notes: Annotated[
        Path | None,
        typer.Option("--notes", help="A file that remembers how far a check came, to go on from there."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at once; as many as there are processors.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Recompute the ledger and compare it with every signed checkpoint: the database's, Kafka's and the file's."""
    settings = load(ComplianceSettings)
    try:
        found = asyncio.run(_verify(settings, notes, jobs or os.cpu_count() or 1))
    except Tampered as finding:
        if as_json:
            emit({"ok": False, "finding": str(finding)}, as_json=True, table="")
        raise Failure(f"the ledger was altered: {finding}") from finding
    sentence = f"{found.entries} entries are what {found.checkpoints} checkpoints signed"
    if found.read < found.entries:
        sentence += f"; {found.read} of them were read, the others before"
    emit({"ok": True, **msgspec.to_builtins(found)}, as_json=as_json, table=sentence)


async def _verify(settings: ComplianceSettings, notes: Path | None, jobs: int) -> Verified:
    # The outside witnesses first: an entry sealed while we read is then only newer than they are.
    outside = [*await published(settings.kafka), *written(settings.compliance.checkpoint_file)]
    own = _public(settings)

    def ring(witnesses: Iterable[Witness]) -> Keyring:
        return keyring(own, [witness.checkpoint for witness in witnesses])

    with _progress() as bar:
        return await verify(
            settings.postgres.dsn.get_secret_value(),
            outside,
            ring,
            jobs=jobs,
            notes=NotesFile(notes) if notes else None,
            progress=_moved(bar),
        )


def _progress() -> AbstractContextManager[rich.progress.Progress | None]:
    """On stderr, and only where somebody looks."""
    if not sys.stderr.isatty():
        return nullcontext()
    return rich.progress.Progress(console=rich.console.Console(stderr=True), transient=True)


def _moved(bar: rich.progress.Progress | None) -> Any:
    if bar is None:
        return lambda _done, _all: None
    task = bar.add_task("entries", total=None)
    return lambda done, all_: bar.update(task, completed=done, total=all_)


@ledger.command("prove")
def prove_command(
    about: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="An erasure, a request's code, a finding, or the number of an entry."
        ),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; ID.proof.json where it is left out.")
    ] = None,
    since: Annotated[
        int | None,
        typer.Option("--since", min=1, help="The tree_size of a checkpoint that the reader keeps."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a file that proves, without this system, what the ledger says about an erasure."""
    settings = load(ComplianceSettings)
    proof = asyncio.run(_prove(settings, about, since))
    try:
        proofs.check(proof, _public(settings)[0])
    except Unproven as error:
        raise Failure(f"the ledger was altered: {error}; run `kaiwa ledger verify`") from error
    file = out or Path(f"{about}.proof.json")
    file.write_bytes(msgspec.json.format(msgspec.json.encode(proof)) + b"\n")
    kinds = [entry.kind for entry in proof.entries]
    sentence = f"{file}: {len(kinds)} entries ({', '.join(kinds)}) under the checkpoint of {proof.checkpoint.tree_size}"
    shown = {"file": str(file), "entries": kinds, "tree_size": proof.checkpoint.tree_size}
    emit(shown, as_json=as_json, table=sentence)


async def _prove(settings: ComplianceSettings, about: str, since: int | None) -> Proof:
    async with snapshot(settings.postgres) as opened:
        return await proof_of(opened, about, since=since)


@ledger.command("check-proof")
def check_command(
    file: Annotated[Path, typer.Argument(help="As `kaiwa ledger prove` wrote it.")],
    *,
    key: Annotated[str, typer.Option("--key", help="The public key: as text, or a file that holds it.")],
    held: Annotated[
        Path | None,
        typer.Option("--held", help="A checkpoint that you kept: the ledger must have grown from it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a proof offline: nothing but the file and the key is needed."""
    try:
        proof = proofs.decode(_read(file))
        proofs.check(proof, _key(key), held=None if held is None else _checkpoint(held))
    except Unproven as error:
        if as_json:
            emit({"ok": False, "finding": str(error)}, as_json=True, table="")
        raise Failure(f"not proven: {error}") from error
    head = proof.checkpoint
    lines = [f"{entry.recorded_at}  {entry.kind}  entry {entry.seq}" for entry in proof.entries]
    grown = f", which only grew since it had {proof.since.tree_size}" if proof.since else ""
    lines.append(f"proven: in the ledger of {head.tree_size} entries signed at {head.signed_at}{grown}")
    shown = {"ok": True, "about": proof.about, "entries": proof.entries, "checkpoint": head}
    emit(msgspec.to_builtins(shown), as_json=as_json, table="\n".join(lines))


@ledger.command("public-key")
def key_command(*, as_json: Json = False) -> None:
    """The public key that checks what this installation signs: hand it to whoever checks proofs."""
    keys = _public(load(ComplianceSettings))
    shown = [{"key_id": key_id(key), "public_key": public_text(key), "signs": key is keys[0]} for key in keys]
    emit(shown, as_json=as_json, table=public_text(keys[0]))


def _public(settings: ComplianceSettings) -> list[Ed25519PublicKey]:
    return [signing_key(seed).public_key() for seed in read_keys(settings.compliance.signing_key_file)]


def _key(text: str) -> Ed25519PublicKey:
    named = Path(text)
    try:
        return read_public(named.read_text("ascii") if len(text) < 1024 and named.is_file() else text)  # noqa: PLR2004
    except (ValueError, OSError):
        raise Failure("--key is no public key: give what `kaiwa ledger public-key` prints", code=2) from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read ({error.strerror})", code=2) from error


def _checkpoint(file: Path) -> Checkpoint:
    """Its last line, so that a checkpoint file can be named as it is."""
    lines = [line for line in _read(file).splitlines() if line.strip()]
    try:
        return decode_checkpoint(lines[-1])
    except (IndexError, msgspec.DecodeError):
        raise Failure(f"{file} holds no checkpoint", code=2) from None
