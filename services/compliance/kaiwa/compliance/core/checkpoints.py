"""Signed heads of the ledger, and the check that the ledger still is what was signed."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kaiwa.compliance.core.entries import Entry
from kaiwa.compliance.core.merkle import Frontier
from kaiwa.contracts.erasures import Checkpoint
from kaiwa.contracts.times import rfc3339

PublicKeys = Mapping[str, Ed25519PublicKey]


class Tampered(Exception):
    """The ledger is not what was signed; the message names the first place where it differs."""


def signing_key(seed: bytes) -> Ed25519PrivateKey:
    """The key of a line in the key file: its first 32 bytes (RFC 8032)."""
    return Ed25519PrivateKey.from_private_bytes(seed[:32])


def key_id(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def public_keys(keys: Iterable[Ed25519PrivateKey]) -> PublicKeys:
    """By id; the older ones of a rotated file too, as what they signed stays to be checked."""
    return {key_id(key.public_key()): key.public_key() for key in keys}


def sign(key: Ed25519PrivateKey, tree: Frontier, now: datetime) -> Checkpoint:
    root, signed_at = base64.b64encode(tree.root).decode(), rfc3339(now)
    signature = base64.b64encode(key.sign(_signed(tree.size, root, signed_at))).decode()
    return Checkpoint(tree.size, root, signed_at, key_id(key.public_key()), signature)


def genuine(checkpoint: Checkpoint, keys: PublicKeys) -> bool:
    """Whether one of the keys signed it."""
    key = keys.get(checkpoint.key_id)
    if key is None:
        return False
    signed = _signed(checkpoint.tree_size, checkpoint.root, checkpoint.signed_at)
    try:
        key.verify(base64.b64decode(checkpoint.signature, validate=True), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(tree_size: int, root: str, signed_at: str) -> bytes:
    return f"kaiwa-ledger/1\n{tree_size}\n{root}\n{signed_at}\n".encode()


@dataclass(frozen=True)
class Witness:
    """A checkpoint and who kept it (``database``, ``topic``, ``file``)."""

    kept_by: str
    checkpoint: Checkpoint


class Check:
    """Recomputes the tree entry by entry and compares it with every checkpoint on the way.

    ``entry`` each sealed entry in order, then ``end``; each raises Tampered.
    """

    def __init__(self, witnesses: Iterable[Witness], keys: PublicKeys) -> None:
        self._heads: dict[int, list[Witness]] = {}
        for witness in witnesses:
            size = witness.checkpoint.tree_size
            if not genuine(witness.checkpoint, keys):
                raise Tampered(
                    f"the checkpoint of {size} entries in the {witness.kept_by} has no valid signature"
                )
            self._heads.setdefault(size, []).append(witness)
        self._tree = Frontier()
        self._covered = 0

    @property
    def tree(self) -> Frontier:
        return self._tree

    def entry(self, seq: int, entry: Entry, leaf: bytes | None) -> None:
        if seq != self._tree.size:
            raise Tampered(f"entry {self._tree.size} is missing: the next one is {seq}")
        if entry.leaf != leaf:
            raise Tampered(f"entry {seq} is not what was sealed")
        self._tree = self._tree.extended([leaf])
        root = base64.b64encode(self._tree.root).decode()
        for witness in self._heads.get(self._tree.size, ()):
            if witness.checkpoint.root != root:
                raise Tampered(
                    f"entries {self._covered} to {seq} are not those of the checkpoint of "
                    f"{self._tree.size} entries in the {witness.kept_by}"
                )
        if self._tree.size in self._heads:
            self._covered = self._tree.size

    def end(self) -> None:
        newest = max(self._heads, default=0)
        if newest > self._tree.size:
            kept_by = self._heads[newest][0].kept_by
            raise Tampered(
                f"entry {self._tree.size} is missing: the checkpoint in the {kept_by} has {newest} entries"
            )
        if self._covered < self._tree.size:
            raise Tampered(f"entry {self._covered} is sealed, but no checkpoint covers it")
