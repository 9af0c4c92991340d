"""Meta's signatures: the webhook's HMAC over the raw bytes, and the proof that an app owns a token.

Platform notes, sections 1.3 (X-Hub-Signature-256) and 9 (appsecret_proof).
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_HEADER = re.compile(rb"sha256=([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class App:
    """One secret of one app; an app has several while it rotates, or with two login products."""

    app_id: str
    secret: bytes = field(repr=False)


class AppsFileError(ValueError):
    """The apps file cannot be used; the message names the line, never what is written in it."""


def sign(secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for these bytes."""
    return f"sha256={hmac.digest(secret, body, 'sha256').hex()}"


def verify(body: bytes, header: bytes | str | None, secrets: Iterable[App]) -> str | None:
    """The app whose secret signed these bytes, or None.

    Every secret is tried, also after one that fits: the time taken says nothing about which it was.
    """
    presented = _presented(header)
    if presented is None:
        return None
    found: str | None = None
    for app in secrets:
        fits = hmac.compare_digest(hmac.digest(app.secret, body, "sha256"), presented)
        if fits and found is None:
            found = app.app_id
    return found


def _presented(header: bytes | str | None) -> bytes | None:
    if header is None:
        return None
    try:
        raw = header.encode("ascii") if isinstance(header, str) else header
    except UnicodeEncodeError:
        return None
    match = _HEADER.fullmatch(raw)
    return bytes.fromhex(match[1].decode("ascii")) if match else None


def appsecret_proof(secret: bytes, token: str) -> str:
    """The parameter `appsecret_proof` that shows the caller holds the secret of the token's app."""
    return hmac.digest(secret, token.encode("utf-8"), "sha256").hex()


def parse_apps(text: str) -> list[App]:
    """The lines `app_id secret` of `KAIWA_META__APPS_FILE`; `#` begins a comment between words."""
    apps = [app for n, line in enumerate(text.splitlines(), start=1) if (app := _parse_line(n, line))]
    if not apps:
        raise AppsFileError("the apps file names no app: write one `app_id secret` line per secret")
    return apps


def _parse_line(number: int, line: str) -> App | None:
    words = line.split()
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    match words[:comment]:
        case []:
            return None
        case [app_id, secret] if app_id.isascii() and app_id.isdigit():
            return App(app_id, secret.encode("utf-8"))
        case [_, _]:
            raise AppsFileError(f"line {number} of the apps file: the app id must be digits only")
        case _:
            raise AppsFileError(f"line {number} of the apps file: write `app_id secret`")
