"""What may not lie open in the database: content and tokens, sealed with AES-256-GCM.

    sealed = fingerprint of the key (8) ‖ nonce (12) ‖ ciphertext and tag (16)

The associated data (`aad`) ties a seal to its row: copied to another one it does not open. The first key seals, every
key opens, so a key is rotated by putting a new one first. Nonces are random, 96 bits: a key is good for 2³² seals
(NIST SP 800-38D, 8.3), after which another is due.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kaiwa.runtime.errors import KaiwaError, SettingsError
from kaiwa.runtime.keys import KEY_BYTES, read_keys

_FINGERPRINT: Final = 8
_NONCE: Final = 12
_TAG: Final = 16


class Unsealable(KaiwaError):
    """A seal that does not open: its key is gone, or it is not the seal of this row."""


class Sealer:
    """Seals with the first key and opens with any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise SettingsError(f"a seal key has {KEY_BYTES} bytes: make one with `kaiwa keys generate DIR`")
        self._ciphers = {name(key): AESGCM(key) for key in keys}
        self._current = name(keys[0])

    @classmethod
    def from_file(cls, path: Path) -> Self:
        return cls(read_keys(path))

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, plaintext, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        if len(sealed) < _FINGERPRINT + _NONCE + _TAG:
            raise Unsealable("this is too short to be a seal")
        fingerprint, rest = sealed[:_FINGERPRINT], sealed[_FINGERPRINT:]
        cipher = self._ciphers.get(fingerprint)
        if cipher is None:
            raise Unsealable(
                f"sealed with key {fingerprint.hex()}, which is gone: put it back into the seal key file"
            )
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], aad)
        except InvalidTag:
            raise Unsealable("the seal is broken, or belongs to another row") from None


def name(key: bytes) -> bytes:
    """The first bytes of everything that this key sealed; says nothing about the key."""
    return hashlib.sha256(b"kaiwa.seal:" + key).digest()[:_FINGERPRINT]
