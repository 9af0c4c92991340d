"""An operator's links, and the visits that begin with one: who may log an account in, in which browser, and once.

Secrets are random and stay with those who use them: the link with its reader, the state with Meta's dialog, the cookie
with the browser. Here is only a hash of each.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from kaiwa.dispatcher.connect.entrance import Guest
from kaiwa.dispatcher.contents import Contents
from kaiwa.meta.login_answers import Identity, Page, Token
from kaiwa.meta.logins import Client
from kaiwa.meta.signatures import Host
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

VISIT: Final = timedelta(minutes=15)
"""How long a person has in Meta's dialog, and to choose an account."""

_MOST_VISITS: Final = 20  # of one link
_LONGEST: Final = 256  # characters of a secret that is looked for


@dataclass(frozen=True)
class Link:
    """What is known of a link; ``again``: it has begun a login before."""

    app_id: str
    used: bool
    expired: bool
    again: bool


@dataclass(frozen=True)
class Begun:
    """The two secrets of a visit."""

    state: str
    browser: str


@dataclass(frozen=True)
class Visit:
    """A visit that came back."""

    state_hash: bytes
    link_hash: bytes
    login: Host
    app_id: str


class _Held(msgspec.Struct, frozen=True):
    """A guest without what is known anyhow."""

    token: str
    granted: frozenset[str]
    identity: Identity
    pages: tuple[Page, ...]


async def make(connection: Connection, *, login: Host, app_id: str, life: timedelta) -> tuple[str, datetime]:
    """A new link's secret, and when it ends."""
    secret = secrets.token_urlsafe(32)
    ends: datetime = await _sql.make_link(
        connection, link_hash=_hash("link", secret), login=login, app_id=app_id, life=life
    )
    return secret, ends


class Links:
    def __init__(self, pool: asyncpg.Pool, vault: Contents) -> None:
        self._pool = pool
        self._vault = vault

    async def look(self, secret: str, login: str) -> Link | None:
        row = await _sql.look_at_link(self._pool, link_hash=_hash("link", secret), login=login)
        return None if row is None else Link(**row)

    async def begin(self, secret: str) -> Begun | None:
        """A visit's secrets; None where the link is no longer good."""
        begun = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        made = await _sql.begin_visit(
            self._pool,
            link_hash=_hash("link", secret),
            state_hash=_hash("state", begun.state),
            browser_hash=_hash("browser", begun.browser),
            life=VISIT,
            most=_MOST_VISITS,
        )
        return begun if made else None

    async def back(self, state: str, browser: str) -> Visit | None:
        """The visit that an answer belongs to; None for one that is stolen, late, or was given before."""
        row = await _sql.come_back(
            self._pool, state_hash=_hash("state", state), browser_hash=_hash("browser", browser)
        )
        return None if row is None else Visit(**row)

    async def hold(self, visit: Visit, guest: Guest) -> None:
        """Keep a guest, sealed, while they choose."""
        held = _Held(guest.token.value, guest.granted, guest.identity, guest.pages)
        sealed = self._vault.seal_token(_name(visit), msgspec.json.encode(held).decode())
        await _sql.hold_guest(self._pool, state_hash=visit.state_hash, guest=sealed)

    async def take(self, state: str, browser: str) -> tuple[Visit, "Resumed"] | None:
        """The guest who was held; None where nobody was, or no longer."""
        row = await _sql.take_guest(
            self._pool, state_hash=_hash("state", state), browser_hash=_hash("browser", browser)
        )
        if row is None:
            return None
        visit = Visit(row["state_hash"], row["link_hash"], row["login"], row["app_id"])
        opened = self._vault.open_token(_name(visit), row["guest"])
        return visit, Resumed(msgspec.json.decode(opened, type=_Held))


@dataclass(frozen=True)
class Resumed:
    held: _Held

    def guest(self, client: Client) -> Guest:
        held = self.held
        return Guest(client, Token(held.token), held.granted, held.identity, held.pages)


def _hash(kind: str, secret: str) -> bytes:
    return hashlib.sha256(f"kaiwa.connect.{kind}:{secret[:_LONGEST]}".encode("utf-8", "replace")).digest()


def _name(visit: Visit) -> str:
    return f"visit:{visit.state_hash.hex()}"
