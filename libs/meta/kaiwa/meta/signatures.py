"""Meta's signatures: the webhook's HMAC over the raw bytes, and the proof that an app owns a token.

Platform notes, sections 1.3 (X-Hub-Signature-256) and 9 (appsecret_proof).
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from kaiwa.contracts.mac import Mac

_mac = lru_cache(maxsize=64)(Mac)
"""By secret: an app has one or two."""

Host = Literal["facebook", "instagram"]

PROVES: Mapping[str, frozenset[Host]] = MappingProxyType(
    {
        "proof": frozenset({"facebook", "instagram"}),
        "proof-facebook": frozenset({"facebook"}),
        "proof-instagram": frozenset({"instagram"}),
    }
)
"""The words of the apps file that make a secret prove calls, and on which host."""


@dataclass(frozen=True, slots=True)
class App:
    """One secret of one app; an app has several while it rotates, or with two login products.

    ``proves``: the hosts whose calls this secret proves, where the app requires that.
    ``instagram_id``: the id that Instagram's own login knows the app by, where this is that product's secret.
    ``config_id``: the configuration of Facebook Login for Business that says what its dialog asks for.
    """

    app_id: str
    secret: bytes = field(repr=False)
    proves: frozenset[Host] = frozenset()
    instagram_id: str | None = None
    config_id: str | None = None


class AppsFileError(ValueError):
    """The apps file cannot be used; the message names the line, never what is written in it."""


def sign(secret: bytes, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for these bytes."""
    return f"sha256={hmac.digest(secret, body, 'sha256').hex()}"


def verify(body: bytes, header: bytes | str | None, secrets: Iterable[App]) -> str | None:
    """The app whose secret signed these bytes, or None.

    Every secret is tried, also after one that fits: the time taken says nothing about which it was.
    """
    if header is None:
        return None
    presented = header.encode("utf-8", "replace") if isinstance(header, str) else header
    found: str | None = None
    for app in secrets:
        fits = hmac.compare_digest(b"sha256=" + _mac(app.secret).digest(body).hex().encode(), presented)
        if fits and found is None:
            found = app.app_id
    return found


def appsecret_proof(secret: bytes, token: str) -> str:
    """The parameter `appsecret_proof` that shows the caller holds the secret of the token's app."""
    return hmac.digest(secret, token.encode("utf-8"), "sha256").hex()


def proof_of(apps: Iterable[App], app_id: str, host: Host, token: str) -> str | None:
    """The proof that a call of this app to this host carries, None where no secret is said to prove any."""
    secrets = (app.secret for app in apps if app.app_id == app_id and host in app.proves)
    secret = next(secrets, None)
    return None if secret is None else appsecret_proof(secret, token)


def parse_apps(text: str) -> list[App]:
    """The lines `app_id secret [proof] [instagram=ID | config=ID]` of `KAIWA_META__APPS_FILE`; `#` begins a comment between words."""
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
        case [app_id, secret, *more] if _is_id(app_id):
            return _marked(App(app_id, secret.encode("utf-8")), number, more)
        case [_, _]:
            raise AppsFileError(f"line {number} of the apps file: the app id must be digits only")
        case _:
            raise _unusable(number)


def _marked(app: App, number: int, words: Iterable[str]) -> App:
    for word in words:
        name, _, value = word.partition("=")
        if word in PROVES and not app.proves:
            app = replace(app, proves=PROVES[word])
        elif app.instagram_id or app.config_id or not _is_id(value):
            raise _unusable(number)
        elif name == "instagram":
            app = replace(app, instagram_id=value)
        elif name == "config":
            app = replace(app, config_id=value)
        else:
            raise _unusable(number)
    return app


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _unusable(number: int) -> AppsFileError:
    return AppsFileError(
        f"line {number} of the apps file: write `app_id secret`, then `proof` if the app requires it, then"
        " `instagram=ID` if this is the secret of Instagram's own login, or `config=ID` for a configuration of Facebook"
        " Login for Business"
    )
