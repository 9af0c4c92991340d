"""Opaque identifiers: deterministic where a redelivery must meet itself, silent about what they name."""

import base64
import hashlib
import secrets
import struct
import time
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

LENGTH = 26

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BLOCK = 64  # bytes of SHA-256
_INNER, _OUTER = bytes(n ^ 0x36 for n in range(256)), bytes(n ^ 0x5C for n in range(256))
_HALVES = struct.Struct(">QQ")
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


def opaque(key: bytes, *parts: str) -> str:
    """26 base32 characters of HMAC-SHA-256 over the parts: the same for the same parts, telling none of them.

    Each part is preceded by its length, so ``("a", "bc")`` and ``("ab", "c")`` differ. The first part, an account or what
    kind of id it is, is hashed once for many ids; what follows it is mostly one id's own.
    """
    inner, outer = _begun(key, *parts[:1])
    hashed = inner.copy()
    for part in parts[1:]:
        hashed.update(_framed(part))
    mac = outer.copy()
    mac.update(hashed.digest())
    return _base32(mac.digest())


@lru_cache(maxsize=4096)
def _begun(key: bytes, *first: str) -> "tuple[_Hash, _Hash]":
    """HMAC (RFC 2104) after the key and the first part: its two hashes, of which copies are finished.

    ``hmac`` keeps the same two, but each copy of its objects costs more than what is left to hash.
    """
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(padded.translate(_INNER))
    inner.update(b"".join(map(_framed, first)))
    return inner, hashlib.sha256(padded.translate(_OUTER))


def _framed(part: str) -> bytes:
    raw = (
        part.encode() if part.isascii() else part.encode("utf-8", "surrogatepass")
    )  # the first is far faster
    return len(raw).to_bytes(4) + raw


def _base32(digest: bytes) -> str:
    """The first 128 bits (RFC 4648, without padding), ten at a time: three times as fast as ``base64``."""
    high, low = _HALVES.unpack_from(digest)
    low = (
        (high & 0xF) << 64 | low
    ) << 2  # 60 of the first 64 bits make six pairs; 70, two of them 0, are left
    return (
        f"{_PAIRS[high >> 54]}{_PAIRS[high >> 44 & 1023]}{_PAIRS[high >> 34 & 1023]}{_PAIRS[high >> 24 & 1023]}"
        f"{_PAIRS[high >> 14 & 1023]}{_PAIRS[high >> 4 & 1023]}{_PAIRS[low >> 60]}{_PAIRS[low >> 50 & 1023]}"
        f"{_PAIRS[low >> 40 & 1023]}{_PAIRS[low >> 30 & 1023]}{_PAIRS[low >> 20 & 1023]}{_PAIRS[low >> 10 & 1023]}"
        f"{_PAIRS[low & 1023]}"
    )


def derived(*parts: str) -> str:
    """An opaque id of ids, without a key: for records whose parts are themselves random or opaque."""
    return opaque(b"kaiwa", *parts)


def random() -> str:
    """A new id that sorts by the time it was made (48 bits of ms, 80 random bits), in the same alphabet."""
    raw = (time.time_ns() // 1_000_000).to_bytes(6) + secrets.token_bytes(10)
    return base64.b32hexencode(raw).decode().rstrip("=")


def commitment(*parts: str) -> str:
    """Hex SHA-256 of length-prefixed parts."""
    return hashlib.sha256(b"".join(len(p.encode()).to_bytes(4) + p.encode() for p in parts)).hexdigest()
