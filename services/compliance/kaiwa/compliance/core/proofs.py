"""A proof in a file: that entries are in the ledger, unaltered, for somebody who has the file and a public key.

It holds what an auditor needs and nothing about a person: the entries, each with its path to the root of one signed
checkpoint (RFC 9162, 2.1.3), the opening of its commitment where the case still has it, and, where the auditor kept an
older checkpoint, the path that shows that the ledger only grew since (2.1.4).
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kaiwa.compliance.core import merkle
from kaiwa.compliance.core.checkpoints import Keyring, keyring
from kaiwa.compliance.core.entries import Entry, commit, leaf_of
from kaiwa.contracts.erasures import Checkpoint

FORM = "kaiwa-ledger-proof/1"


class Unproven(Exception):
    """The file does not prove what it says; the message names the first thing that is wrong."""


class Opening(msgspec.Struct, frozen=True):
    """What an entry's commitment is to: ``SHA-256(nonce ‖ subject)``. The subject holds keyed hashes, no id."""

    nonce: str
    subject: str


class Proven(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry and the hashes beside its path, from the leaf up; bytes are in base64."""

    seq: int
    kind: str
    recorded_at: str
    commitment: str
    path: tuple[str, ...]
    opening: Opening | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``successions`` are the checkpoints in which the signing key changed, for those who hold an older key."""

    form: str = msgspec.field(default=FORM)
    about: str
    entries: tuple[Proven, ...]
    checkpoint: Checkpoint
    successions: tuple[Checkpoint, ...] = ()
    since: Checkpoint | None = None
    growth: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """An entry to prove, and what opens it."""

    seq: int
    entry: Entry
    opening: Opening | None = None


def prove(
    about: str,
    chosen: Iterable[Chosen],
    leaves: Sequence[bytes],
    heads: Sequence[Checkpoint],
    *,
    since: Checkpoint | None = None,
) -> Proof:
    """The proof under the newest of the heads, of whose tree these are all leaves. Raises ValueError for an entry that
    is not among them.
    """
    head = heads[-1]
    tree = leaves[: head.tree_size]
    return Proof(
        form=FORM,
        about=about,
        entries=tuple(_proven(each, tree) for each in chosen),
        checkpoint=head,
        successions=tuple(each for each in heads if each.succession is not None),
        since=since,
        growth=() if since is None else _texts(merkle.consistency_proof(since.tree_size, tree)),
    )


def check(proof: Proof, key: Ed25519PublicKey, *, held: Checkpoint | None = None) -> None:
    """Raises Unproven unless all of it holds under this key, and extends the checkpoint that is ``held``, if any."""
    if proof.form != FORM:
        raise Unproven(f"the file is a {proof.form!r}, not a {FORM}")
    if not proof.entries:
        raise Unproven("the file proves no entry")
    ring = keyring([key], [*proof.successions, proof.checkpoint])
    _check_signed(proof.checkpoint, ring)
    for entry in proof.entries:
        _check_entry(entry, proof.checkpoint)
    if proof.since is not None:
        _check_signed(proof.since, ring)
        _check_growth(proof, proof.since)
    if held is not None and held not in (proof.since, proof.checkpoint):
        raise Unproven(
            f"the file says nothing about the checkpoint of {held.tree_size} entries that you hold: "
            f"ask for a proof made with --since {held.tree_size}"
        )


def decode(text: bytes) -> Proof:
    """Raises Unproven where it is no proof."""
    try:
        return msgspec.json.decode(text, type=Proof)
    except msgspec.DecodeError as error:
        raise Unproven(f"the file is not a proof ({error})") from None


def _proven(chosen: Chosen, tree: Sequence[bytes]) -> Proven:
    entry = chosen.entry
    return Proven(
        chosen.seq,
        entry.kind,
        entry.moment,
        base64.b64encode(entry.commitment).decode(),
        _texts(merkle.inclusion_proof(chosen.seq, tree)),
        chosen.opening,
    )


def _check_signed(head: Checkpoint, ring: Keyring) -> None:
    if not ring.genuine(head):
        raise Unproven(f"the checkpoint of {head.tree_size} entries is not signed by this key")


def _check_entry(entry: Proven, head: Checkpoint) -> None:
    committed = _bytes(entry.commitment)
    leaf = leaf_of(entry.kind, entry.recorded_at, committed)
    path = [_bytes(text) for text in entry.path]
    if not merkle.includes(_bytes(head.root), head.tree_size, entry.seq, leaf, path):
        raise Unproven(f"entry {entry.seq} is not in the tree of the checkpoint")
    if (opening := entry.opening) is not None and (
        commit(_bytes(opening.nonce), opening.subject) != committed
        or opening.subject.split("\n")[0] != entry.kind
    ):
        raise Unproven(f"entry {entry.seq} is about something else than the file says")


def _check_growth(proof: Proof, since: Checkpoint) -> None:
    head, path = proof.checkpoint, [_bytes(text) for text in proof.growth]
    if not merkle.extends(_bytes(head.root), head.tree_size, _bytes(since.root), since.tree_size, path):
        raise Unproven(
            f"the ledger of {head.tree_size} entries does not begin as the one of {since.tree_size} did: "
            "it was rewritten"
        )


def _texts(hashes: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(base64.b64encode(each).decode() for each in hashes)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Unproven("the file is not a proof (a hash in it is not base64)") from None
