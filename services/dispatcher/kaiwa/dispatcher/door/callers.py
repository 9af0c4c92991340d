"""Who calls: keys that are stored hashed, what each of them may do, and how often.

A key is `kaiwa_<id>_<secret>`. The secret has 256 random bits, so one SHA-256 is all the hashing it needs. Keys are read
anew every second at most: a revoked one is refused within that.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from kaiwa.contracts.sends import AuthorKind, Lane
from kaiwa.dispatcher.door.problems import Refused, forbidden
from kaiwa.dispatcher.rows import Row
from kaiwa.store.pool import Questions
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_KEY: Final = re.compile(rb"[Bb]earer +kaiwa_([A-Za-z0-9]{1,40})_([A-Za-z0-9_-]{43})")
_SECRET_BYTES: Final = 32
_FRESH: Final = 1.0  # seconds for which the keys of the database are believed
_BURST: Final = 2.0  # seconds' worth of requests that may come at once


def new_secret() -> tuple[str, bytes]:
    """A secret, and what is stored of it."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return secret, hashed(secret.encode())


def hashed(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def key(caller_id: str, secret: str) -> str:
    """What the caller keeps."""
    return f"kaiwa_{caller_id}_{secret}"


@dataclass
class Allowance:
    """A token bucket of this process alone: two processes let twice as much through."""

    per_second: float
    tokens: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.tokens = self._most

    @property
    def _most(self) -> float:
        return max(1.0, self.per_second * _BURST)

    def wait(self, now: float) -> float:
        """Seconds until the next request may come; 0 lets this one in."""
        self.tokens = min(self._most, self.tokens + self.per_second * (now - self.at))
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.per_second
        self.tokens -= 1
        return 0


@dataclass(frozen=True)
class Caller:
    """Who holds a key. ``accounts`` None is every account."""

    caller_id: str
    accounts: frozenset[str] | None
    lanes: frozenset[str]
    author_kinds: frozenset[str]
    per_second: float
    hashes: tuple[bytes, ...] = field(repr=False)

    def opens(self, secret: bytes) -> bool:
        found = hashed(secret)
        return any(hmac.compare_digest(found, known) for known in self.hashes)

    def require(self, account_id: str, author_kind: AuthorKind, lane: Lane | None) -> None:
        """Raises Refused where the key does not cover this; ``lane`` None is a word that waits in none."""
        self.require_account(account_id, "account_id")
        if author_kind not in self.author_kinds:
            raise forbidden(f"this key may not write as {author_kind}", "author.kind")
        if lane is not None and lane not in self.lanes:
            raise forbidden(f"this key may not use the lane {lane}", "lane")

    def require_account(self, account_id: str, where: str | None = None) -> None:
        if self.accounts is not None and account_id not in self.accounts:
            raise forbidden("this key is for other accounts", where)


class Callers:
    """The keys of the database, as of a moment ago."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._known: dict[str, Caller] = {}
        self._allowances: dict[str, Allowance] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def admit(self, authorization: bytes | None) -> Caller:
        """The caller of a request, which is counted. Raises Refused: 401 without a key that opens, 429 above its rate."""
        if self._is_old():
            await self._read()
        given = _KEY.fullmatch(authorization or b"")
        caller = self._known.get(given[1].decode()) if given else None
        if given is None or caller is None or not caller.opens(given[2]):
            raise Refused(
                HTTPStatus.UNAUTHORIZED,
                "no_key",
                "send a key that is open as `Authorization: Bearer kaiwa_…`",
                headers=[(b"www-authenticate", b"Bearer")],
            )
        if wait := self._allowances[caller.caller_id].wait(time.monotonic()):
            seconds = str(int(wait) + 1)
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many",
                f"this key may ask {caller.per_second:g} times a second",
                headers=[(b"retry-after", seconds.encode())],
            )
        return caller

    def _is_old(self) -> bool:
        return time.monotonic() - self._read_at > _FRESH

    async def _read(self) -> None:
        async with self._reading:
            if not self._is_old():  # somebody else has read meanwhile
                return
            began = time.monotonic()
            async with self._questions.session() as connection:
                rows = [row async for row in _sql.open_callers(connection)]
            self._known = {row["caller_id"]: _caller(row) for row in rows}
            self._allowances = {name: self._allowance(caller) for name, caller in self._known.items()}
            self._read_at = began

    def _allowance(self, caller: Caller) -> Allowance:
        known = self._allowances.get(caller.caller_id)
        return known if known and known.per_second == caller.per_second else Allowance(caller.per_second)


def _caller(row: Row) -> Caller:
    previous = (row["previous_hash"],) if row["previous_opens"] else ()
    accounts = row["accounts"]
    return Caller(
        caller_id=row["caller_id"],
        accounts=None if accounts is None else frozenset(accounts),
        lanes=frozenset(row["lanes"]),
        author_kinds=frozenset(row["author_kinds"]),
        per_second=row["per_second"],
        hashes=(row["secret_hash"], *previous),
    )
