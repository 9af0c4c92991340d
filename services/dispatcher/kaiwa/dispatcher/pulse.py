"""What happens for each account, noted in memory and written down every few seconds: nobody who receives or sends
waits for it, and a process that dies loses only the newest seconds of it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from kaiwa.contracts.times import parse
from kaiwa.dispatcher.core.limits import CROWDED, VOLUME
from kaiwa.dispatcher.core.quiet import silent_from
from kaiwa.runtime import logs
from kaiwa.store.pool import UNREACHABLE, Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_EVERY = 5.0


@dataclass
class Heard:
    """Webhooks of one account: how many, the first and the last, as ingest wrote their times."""

    events: int = 0
    messages: int = 0
    first: str = ""
    last: str = ""

    def note(self, received_at: str, events: int = 1, messages: int = 0) -> None:
        """Times of one form compare as texts. ``messages``: how many of the events are messages, either side's."""
        self.events += events
        self.messages += messages
        self.first = min(self.first or received_at, received_at)
        self.last = max(self.last, received_at)


@dataclass
class _Notes:
    heard: dict[str, Heard] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    failed: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)


class Pulse:
    """``least``: a silence that is shorter is never unusual."""

    def __init__(self, pool: asyncpg.Pool, *, least: timedelta) -> None:
        self._pool = pool
        self._least = least
        self._notes = _Notes()

    def heard(self, found: Mapping[str, Heard]) -> None:
        for account_id, heard in found.items():
            kept = self._notes.heard.setdefault(account_id, Heard())
            kept.note(heard.first, heard.events, heard.messages)
            kept.note(heard.last, 0)

    def sent(self, account_id: str) -> None:
        self._notes.sent.add(account_id)

    def failed(self, account_id: str, code: int | None, subcode: int | None) -> None:
        self._notes.failed[account_id] = code, subcode

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self.once()
            except UNREACHABLE as error:
                _log.warning("pulse_waits", exc_info=error)

    async def once(self) -> None:
        """Write down what was noted; what could not be written is noted again by what comes."""
        notes, self._notes = self._notes, _Notes()
        names = sorted({*notes.heard, *notes.sent, *notes.failed})
        if not names:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            # One order for everybody, so that no two processes wait for each other.
            known = {row["account_id"]: row async for row in _sql.lock_health(connection, ids=names)}
            heard = {name: found for name, found in notes.heard.items() if name in known}
            if heard:
                before = {name: known[name]["heard_at"] for name in heard}
                await self._hear(connection, heard, before)
            called = sorted({*notes.sent, *notes.failed} & known.keys())
            errors = [notes.failed.get(name, (None, None)) for name in called]
            if called:
                await _sql.note_calls(
                    connection,
                    accounts=called,
                    sent=[name in notes.sent for name in called],
                    failed=[name in notes.failed for name in called],
                    codes=[code for code, _ in errors],
                    subcodes=[subcode for _, subcode in errors],
                )
        # Not in that transaction: whoever changes an account locks it before its health, and this would the other way.
        spoken = [name for name, found in notes.heard.items() if found.messages]
        if spoken:
            await _sql.note_crowds(self._pool, ids=spoken, most=VOLUME.most, share=CROWDED)

    async def _hear(
        self, connection: Connection, heard: Mapping[str, Heard], before: Mapping[str, datetime | None]
    ) -> None:
        names = sorted(heard)
        firsts, lasts = ([parse(time) for time in times] for times in _times(heard, names))
        gaps = [_gap(before[name], first) for name, first in zip(names, firsts, strict=True)]
        await _sql.note_traffic(
            connection, accounts=names, lasts=lasts, gaps=gaps, counts=[heard[name].events for name in names]
        )
        await _sql.note_volume(
            connection, accounts=names, lasts=lasts, counts=[heard[name].messages for name in names]
        )
        weeks = {row["account_id"]: row async for row in _sql.weeks(connection, ids=names)}
        newest = [max(last, before[name] or last) for name, last in zip(names, lasts, strict=True)]
        silent = [
            silent_from(last, weeks[name]["events"], weeks[name]["longest_gap"], self._least)
            for name, last in zip(names, newest, strict=True)
        ]
        await _sql.note_heard(connection, accounts=names, lasts=newest, silent=silent)


def _times(heard: Mapping[str, Heard], names: list[str]) -> tuple[list[str], list[str]]:
    return [heard[name].first for name in names], [heard[name].last for name in names]


def _gap(before: datetime | None, first: datetime) -> timedelta:
    """What comes late, or with the first notes, ends no silence."""
    return max(first - before, timedelta(0)) if before is not None else timedelta(0)
