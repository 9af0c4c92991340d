"""What the platform's answers say of its limits, to whichever call: noted for every process, and obeyed by every call.

Sends note theirs in the transaction that records their answers. All other calls (reads, uploads, signs of presence,
probes) go through a Graph that this guards: none is made during a pause, and what their answers say is noted at once.
"""

import time
from collections.abc import Awaitable, Collection, Sequence
from datetime import timedelta
from typing import Final, TypeVar

import asyncpg
import msgspec

from kaiwa.dispatcher.core.classify import Again, Scope, Verdict, classify
from kaiwa.dispatcher.core.throttle import CALM, FIRST_PAUSE, FULL, LONGEST_PAUSE, SLOW_FROM
from kaiwa.meta.answers import NotSent, Refused
from kaiwa.meta.graph import Sender
from kaiwa.meta.usage import Usage
from kaiwa.runtime import metrics
from kaiwa.runtime.errors import DependencyError
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_T = TypeVar("_T")

_NONE = timedelta(0)
_SILENCE = timedelta(seconds=5)  # at once and at most, until the pause is in the database and everybody's
_THROTTLED: Final = NotSent("it throttles the account")


class Throttled(DependencyError):
    """Meta wants to be left alone: the call was not made, or not answered. No failure of what was asked."""

    def __init__(self, account_id: str) -> None:
        super().__init__(
            f"Meta throttles account {account_id}: `kaiwa accounts check {account_id}` says until when"
        )


class Heard(msgspec.Struct, frozen=True):
    """What the answer to a call of an account says of limits: by its headers, and by what it means."""

    account_id: str
    usage: Usage | None
    verdict: Verdict | None = None

    @property
    def throttled(self) -> Again | None:
        """Where the call was refused for the limits' sake."""
        return self.verdict if isinstance(self.verdict, Again) and self.verdict.pause else None

    @property
    def pauses(self) -> dict[Scope, timedelta | None]:
        """Who has to wait, with the time where one was announced: a full budget is a pause, too."""
        found: dict[Scope, timedelta | None] = {}
        if self.usage and self.usage.account >= FULL:
            found["account"] = self.usage.regain
        if self.usage and self.usage.app >= FULL:
            found["app"] = None
        if (refused := self.throttled) and refused.pause:
            found[refused.pause] = refused.after if refused.announced else None
        return found


class Throttling:
    """A :class:`kaiwa.meta.graph.Guard`, and the memory of one process of whom it has to leave alone."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._slowed: set[tuple[Scope, str]] = set()
        self._silent: dict[str, float] = {}

    async def before(self, sender: Sender) -> None:
        """Calls made while throttled prolong the block (platform.md 4.3)."""
        if sender.account_id is None:
            return
        left = await _sql.pause_left(self._pool, account_id=sender.account_id)
        if left is not None and left > _NONE:
            self._hush(sender.account_id, left)
            raise Throttled(sender.account_id)

    async def after(self, sender: Sender, said: Refused | Usage) -> None:
        if sender.account_id is None:
            return
        if isinstance(said, Refused):
            heard = Heard(sender.account_id, said.usage, classify(said))
        else:
            heard = Heard(sender.account_id, said)
        self.hush(heard, sender.app_id)
        if heard.pauses or self._news([heard]):
            async with self._pool.acquire() as connection, connection.transaction():
                await self.note(connection, [heard])
        if heard.throttled:
            raise Throttled(sender.account_id)

    def hush(self, heard: Heard, app_id: str | None) -> None:
        """No call that is about to leave this process does so, where the answer asks for a pause."""
        for scope, announced in heard.pauses.items():
            self._hush(heard.account_id if scope == "account" else app_id, announced or FIRST_PAUSE)

    def _hush(self, name: str | None, pause: timedelta) -> None:
        if name is not None:
            self._silent[name] = time.monotonic() + min(pause, _SILENCE).total_seconds()

    def silent(self, *names: str) -> bool:
        """Whether one of these accounts and apps has just been told to wait."""
        now = time.monotonic()
        return any(self._silent.get(name, 0.0) > now for name in names)

    async def note(
        self, connection: Connection, told: Sequence[Heard], *, changing: Collection[str] = ()
    ) -> None:
        """How full the budgets are, and whose calls have to wait.

        Accounts are locked after conversations, in one order, all at once: those that the caller is ``changing``, too.
        """
        pauses = _pauses(told)
        names = {name for _, name in pauses} | set(changing)
        if names:
            apps = [name for scope, name in pauses if scope == "app"]
            _ = [row async for row in _sql.lock_accounts(connection, ids=list(names), apps=apps)]
        if said := self._news(told):
            self._slowed = self._slowed - said.keys() | {key for key in said if said[key] >= SLOW_FROM}
            scopes, ids = zip(*said, strict=True)
            await _sql.note_usage(connection, scopes=scopes, ids=ids, percents=list(said.values()))
        for (scope, name), announced in pauses.items():
            metrics.PAUSES.labels(scope).inc()
            await _pause(connection, name, scope, announced)
        for name in sorted({one.account_id for one in told if one.throttled and one.throttled.tags_abused}):
            await _sql.stop_tags(connection, account_id=name)

    def _news(self, told: Sequence[Heard]) -> dict[tuple[Scope, str], float]:
        """How full which budgets are, where that slows anybody down or did so before."""
        said: dict[tuple[Scope, str], float] = {}
        for one in told:
            if one.usage is None:
                continue
            shares: tuple[tuple[Scope, float], ...] = (("account", one.usage.account), ("app", one.usage.app))
            for scope, percent in shares:
                key = (scope, one.account_id)
                if percent >= SLOW_FROM or key in self._slowed:
                    said[key] = percent
        return said


async def unless_throttled(call: Awaitable[_T]) -> _T | NotSent:
    """For who asks on a person's behalf: that Meta is to be left alone is what they are told."""
    try:
        return await call
    except Throttled:
        return _THROTTLED


def _pauses(told: Sequence[Heard]) -> dict[tuple[Scope, str], timedelta | None]:
    """Of one moment: each once, with the longest time that was announced."""
    found: dict[tuple[Scope, str], timedelta | None] = {}
    for one in told:
        for scope, announced in one.pauses.items():
            key = (scope, one.account_id)
            found[key] = max(filter(None, (found.get(key), announced)), default=None)
    return found


async def _pause(connection: Connection, account_id: str, scope: Scope, announced: timedelta | None) -> None:
    """Nobody of that scope calls before then, in any process; its accounts are locked."""
    until = await _sql.note_pause(
        connection,
        scope=scope,
        account_id=account_id,
        announced=announced,
        first=FIRST_PAUSE,
        longest=LONGEST_PAUSE,
        calm=CALM,
    )
    await _sql.pause(connection, account_id=account_id, whole_app=scope == "app", until=until)
