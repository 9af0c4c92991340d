"""``signed_request``: how Meta's callbacks prove where they come from (platform.md 8.3, 8.4).

    <base64url of HMAC-SHA256> . <base64url of JSON>

The signature is over the second text as it was transmitted. Neither is padded; both are taken with padding, too.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kaiwa.meta.signatures import App

_TEXT = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_USER = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_ALGORITHM = "HMAC-SHA256"


class BadSignedRequest(ValueError):
    """Malformed, made with no secret of ours, of another algorithm, or expired."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a callback says. ``user_id`` is app-scoped: the person who once logged in to the app."""

    app_id: str
    user_id: str
    issued_at: datetime | None


def sign(secret: bytes, payload: Mapping[str, object]) -> str:
    """The ``signed_request`` of this payload."""
    said = _encoded(json.dumps(payload).encode())
    return f"{_encoded(hmac.digest(secret, said.encode(), 'sha256'))}.{said}"


def verify(text: str, apps: Iterable[App], *, now: datetime) -> SignedRequest:
    """What ``text`` says, and which app's secret vouches for it. Raises BadSignedRequest.

    Nothing is read before a signature was found good; every secret is tried, so the time taken tells nothing.
    """
    signature, dot, said = text.partition(".")
    if not (dot and _TEXT.fullmatch(signature) and _TEXT.fullmatch(said)):
        raise BadSignedRequest
    app_id = _signer(_decoded(signature), said.encode("ascii"), apps)
    if app_id is None:
        raise BadSignedRequest
    payload = _payload(_decoded(said))
    expires, user_id = _moment(payload.get("expires")), payload.get("user_id")
    user = str(user_id) if isinstance(user_id, str | int) and not isinstance(user_id, bool) else ""
    expired = expires is not None and expires <= now
    if str(payload.get("algorithm")).upper() != _ALGORITHM or expired or not _USER.fullmatch(user):
        raise BadSignedRequest
    return SignedRequest(app_id, user, _moment(payload.get("issued_at")))


def _signer(presented: bytes, said: bytes, apps: Iterable[App]) -> str | None:
    found: str | None = None
    for app in apps:
        fits = hmac.compare_digest(hmac.digest(app.secret, said, "sha256"), presented)
        if fits and found is None:
            found = app.app_id
    return found


def _payload(raw: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadSignedRequest from None
    if not isinstance(payload, dict):
        raise BadSignedRequest
    return payload


def _moment(value: object) -> datetime | None:
    """Seconds since 1970; None, and 0, for no time at all."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        raise BadSignedRequest from None
