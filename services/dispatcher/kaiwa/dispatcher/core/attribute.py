"""Whose message is this echo? The answer settles what is in doubt, and finds people who write elsewhere.

Invariants
- A mid decides before a content match; a content match is an inference and says so.
- A part is explained by one echo, an echo explains one part.
- An echo that nothing explains stays unassigned while a part of its conversation that could still turn out
  to be its origin is being sent or in doubt; only then is it somebody else's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

SKEW = timedelta(seconds=10)
"""How far the platform's clock may be behind ours: an echo this much older than a call is not of that call."""


@dataclass(frozen=True)
class OpenPart:
    """A part that an echo might explain: being sent, in doubt, given up without an answer, or sent with its mid."""

    part_id: int
    state: Literal["sending", "in_doubt", "lost", "sent"]
    mid: str | None
    kind: str
    content_hash: bytes | None
    called_at: datetime


@dataclass(frozen=True)
class SeenEcho:
    mid: str
    kind: str
    content_hash: bytes | None
    occurred_at: datetime


@dataclass(frozen=True)
class Ours:
    """``part_id`` was sent, as this echo shows."""

    mid: str
    part_id: int
    evidence: Literal["mid", "content"]
    at: datetime


@dataclass(frozen=True)
class Others:
    """Somebody wrote on another device, or another app did."""

    mid: str
    at: datetime


def attribute(parts: Sequence[OpenPart], echoes: Sequence[SeenEcho]) -> list[Ours | Others]:
    """What can be said now; an echo that is not named waits."""
    by_mid = {part.mid: part for part in parts if part.mid}
    open_parts = {part.part_id: part for part in sorted(parts, key=lambda p: p.called_at) if part.mid is None}
    found: list[Ours | Others] = []
    rest = []
    for echo in sorted(echoes, key=lambda e: e.occurred_at):
        part = by_mid.get(echo.mid)
        if part:
            found.append(Ours(echo.mid, part.part_id, "mid", echo.occurred_at))
        else:
            rest.append(echo)
    for echo in rest:
        possible = [part for part in open_parts.values() if _could_be(part, echo)]
        if any(part.state == "sending" for part in possible):
            continue  # the answer on its way will name the mid
        match = _match(possible, echo, rest)
        if match:
            found.append(Ours(echo.mid, match.part_id, "content", echo.occurred_at))
            del open_parts[match.part_id]
        elif not any(part.state == "in_doubt" for part in possible):
            found.append(Others(echo.mid, echo.occurred_at))
    return found


def _could_be(part: OpenPart, echo: SeenEcho) -> bool:
    if echo.occurred_at < part.called_at - SKEW:
        return False
    if part.kind != echo.kind:
        return False
    return part.kind != "text" or part.content_hash == echo.content_hash


def _match(possible: list[OpenPart], echo: SeenEcho, rest: Sequence[SeenEcho]) -> OpenPart | None:
    """The part that ``echo`` shows: the oldest with its text; media only where nothing else could be meant."""
    if not possible:
        return None
    if echo.kind == "text":
        return possible[0]
    alike = [other for other in rest if other.kind == echo.kind]
    return possible[0] if len(possible) == len(alike) == 1 else None
