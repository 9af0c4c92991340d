"""Opaque identifiers: deterministic where a redelivery must meet itself, silent about what they name."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from kaiwa.contracts import base32
from kaiwa.contracts.mac import Mac

LENGTH = base32.LENGTH

Parts = tuple[str, ...]


def opaque(key: bytes, *parts: str) -> str:
    """26 base32 characters of HMAC-SHA-256 over the parts: the same for the same parts, telling none of them.

    Each part is preceded by its length, so ``("a", "bc")`` and ``("ab", "c")`` differ. The first part, an account or what
    kind of id it is, is hashed once for many ids; what follows it is mostly one id's own.
    """
    return base32.encode(_begun(key, parts[:1]).digest(*map(_framed, parts[1:])))


def opaque_each(key: bytes, each: Iterable[tuple[Parts, Parts]]) -> list[str]:
    """``opaque`` of the parts of each: those that it shares with its neighbours, which are hashed once, and its own."""
    digests: list[bytes] = []
    for shared, neighbours in groupby(each, key=itemgetter(0)):
        digest = _begun(key, shared).digest
        digests += [digest(*map(_framed, own)) for _, own in neighbours]
    return base32.encode_each(digests)


@lru_cache(maxsize=8192)
def _begun(key: bytes, shared: Parts) -> Mac:
    return Mac(key, b"".join(map(_framed, shared)))


def _framed(part: str) -> bytes:
    raw = (
        part.encode() if part.isascii() else part.encode("utf-8", "surrogatepass")
    )  # the first is far faster
    return len(raw).to_bytes(4) + raw


def derived(*parts: str) -> str:
    """An opaque id of ids, without a key: for records whose parts are themselves random or opaque."""
    return opaque(b"kaiwa", *parts)


def derived_each(each: Iterable[Parts]) -> list[str]:
    """``derived`` of the parts of each."""
    return opaque_each(b"kaiwa", [(parts[:1], parts[1:]) for parts in each])


def random() -> str:
    """A new id that sorts by the time it was made (48 bits of ms, 80 random bits), in the same alphabet."""
    raw = (time.time_ns() // 1_000_000).to_bytes(6) + secrets.token_bytes(10)
    return base64.b32hexencode(raw).decode().rstrip("=")


def commitment(*parts: str) -> str:
    """Hex SHA-256 of length-prefixed parts."""
    return hashlib.sha256(b"".join(len(p.encode()).to_bytes(4) + p.encode() for p in parts)).hexdigest()
