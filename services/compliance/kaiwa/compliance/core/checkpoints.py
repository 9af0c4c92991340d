"""Signed heads of the ledger, and the keys that sign them, one after another.

A key is changed by the old one: its last checkpoint carries a :class:`Succession`, signed by both keys, that names the
new one. Whoever trusts either key can follow from one to the other; what a key signs after it retired, or before it
was introduced, counts for nothing.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kaiwa.compliance.core.merkle import Frontier
from kaiwa.contracts.erasures import Checkpoint, Succession
from kaiwa.contracts.times import rfc3339


def signing_key(seed: bytes) -> Ed25519PrivateKey:
    """The key of a line in the key file: its first 32 bytes (RFC 8032)."""
    return Ed25519PrivateKey.from_private_bytes(seed[:32])


def raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(raw(key)).hexdigest()[:16]


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as people hand it on: base64 of its 32 bytes."""
    return base64.b64encode(raw(key)).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """Raises ValueError where the text is no public key in base64."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, binascii.Error):
        raise ValueError("not a public key: 32 bytes in base64 are expected") from None


def sign(key: Ed25519PrivateKey, tree: Frontier, now: datetime) -> Checkpoint:
    root, signed_at = base64.b64encode(tree.root).decode(), rfc3339(now)
    signature = _signature(key, _signed(tree.size, root, signed_at))
    return Checkpoint(tree.size, root, signed_at, key_id(key.public_key()), signature)


def hand_over(old: Ed25519PrivateKey, new: Ed25519PrivateKey, tree: Frontier, now: datetime) -> Checkpoint:
    """The last checkpoint of the old key, which introduces the new one."""
    head, introduced = sign(old, tree, now), public_text(new.public_key())
    said = _succeeds(head, introduced)
    succession = Succession(
        public_text(old.public_key()), introduced, _signature(old, said), _signature(new, said)
    )
    return msgspec.structs.replace(head, succession=succession)


@dataclass(frozen=True)
class Keyring:
    """Public keys by id, and between which sizes of the tree each may sign (from, exclusive; to, inclusive)."""

    keys: Mapping[str, Ed25519PublicKey]
    since: Mapping[str, int] = field(default_factory=dict)
    until: Mapping[str, int] = field(default_factory=dict)

    def genuine(self, head: Checkpoint) -> bool:
        """Whether a key of the ring signed it while it was that key's turn."""
        key = self.keys.get(head.key_id)
        if key is None or not self._in_turn(head):
            return False
        return _verifies(key, head.signature, _signed(head.tree_size, head.root, head.signed_at))

    def _in_turn(self, head: Checkpoint) -> bool:
        after, last = self.since.get(head.key_id, -1), self.until.get(head.key_id)
        return after < head.tree_size and (last is None or head.tree_size <= last)


def keyring(trusted: Iterable[Ed25519PublicKey], heads: Iterable[Checkpoint]) -> Keyring:
    """The keys that are trusted, and all that can be reached from them by a succession in one of the heads."""
    keys = {key_id(key): key for key in trusted}
    since: dict[str, int] = {}
    until: dict[str, int] = {}
    open_ = [handover for head in heads if head.succession and (handover := _handover(head))]
    while reached := [each for each in open_ if each.old in keys or each.new in keys]:
        open_ = [each for each in open_ if each not in reached]
        for each in reached:
            keys[each.old], keys[each.new] = each.old_key, each.new_key
            until[each.old] = min(each.at, until.get(each.old, each.at))
            since[each.new] = max(each.at, since.get(each.new, each.at))
    return Keyring(keys, since, until)


@dataclass(frozen=True)
class _Handover:
    """A succession both of whose keys signed it."""

    at: int
    old: str
    new: str
    old_key: Ed25519PublicKey = field(compare=False)
    new_key: Ed25519PublicKey = field(compare=False)


def _handover(head: Checkpoint) -> _Handover | None:
    if (told := head.succession) is None:
        return None
    try:
        old, new = read_public(told.retires), read_public(told.introduces)
    except ValueError:
        return None
    said = _succeeds(head, told.introduces)
    agreed = (
        key_id(old) == head.key_id
        and Keyring({head.key_id: old}).genuine(head)
        and _verifies(old, told.signature, said)
        and _verifies(new, told.countersignature, said)
    )
    return _Handover(head.tree_size, key_id(old), key_id(new), old, new) if agreed else None


@dataclass(frozen=True)
class Sign:
    """It is our turn, with this key; ``after`` is the key that retires with this very checkpoint."""

    key: Ed25519PrivateKey
    after: Ed25519PrivateKey | None = None


@dataclass(frozen=True)
class StandAside:
    """Somebody else's key signs this ledger now."""

    key_id: str


def turn(
    newest: Checkpoint | None, own: Sequence[Ed25519PrivateKey], retired: frozenset[str]
) -> Sign | StandAside:
    """Whose turn it is to sign: ``own`` is a key file, whose first key is the one to sign with."""
    current = own[0]
    if newest is None:
        return Sign(current)
    signs = newest.key_id
    if newest.succession is not None:
        signs = key_id(read_public(newest.succession.introduces))
    ids = {key_id(key.public_key()): key for key in own}
    if signs == key_id(current.public_key()):
        return Sign(current)
    if signs in ids and key_id(current.public_key()) not in retired:
        return Sign(current, after=ids[signs])
    return StandAside(signs)


def _signature(key: Ed25519PrivateKey, said: bytes) -> str:
    return base64.b64encode(key.sign(said)).decode()


def _verifies(key: Ed25519PublicKey, signature: str, said: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), said)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(tree_size: int, root: str, signed_at: str) -> bytes:
    return f"kaiwa-ledger/1\n{tree_size}\n{root}\n{signed_at}\n".encode()


def _succeeds(head: Checkpoint, introduced: str) -> bytes:
    return f"kaiwa-ledger-key/1\n{head.tree_size}\n{head.root}\n{introduced}\n".encode()
