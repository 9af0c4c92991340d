"""Opaque identifiers: deterministic where a redelivery must meet itself, silent about what they name."""

import base64
import hashlib
import hmac
import secrets
import time

LENGTH = 26


def opaque(key: bytes, *parts: str) -> str:
    """26 base32 characters of HMAC-SHA-256 over the parts: the same for the same parts, telling none of them.

    Each part is preceded by its length, so ``("a", "bc")`` and ``("ab", "c")`` differ.
    """
    message = b"".join(
        len(raw).to_bytes(4) + raw for raw in (p.encode("utf-8", "surrogatepass") for p in parts)
    )
    return base64.b32encode(hmac.digest(key, message, "sha256")[:16]).decode().rstrip("=")


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
