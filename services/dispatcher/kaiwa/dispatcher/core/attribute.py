"""Whose message is this echo? The answer settles what is in doubt, and finds people who write elsewhere.

Invariants
- A mid decides before a content match; a content match is an inference and says so.
- A part is explained by one echo, an echo explains one part.
- An echo without a mid of ours stays unassigned while a part of its conversation is being sent (whatever it
  says: the answer will name the mid) or in doubt and could be its origin; only then is it somebody else's.
- Neither the order of the echoes nor that of the parts changes what is said.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

SKEW = timedelta(seconds=10)
"""How far the platform's clock may be behind ours: an echo this much older than a call is not of that call."""

REACH = timedelta(minutes=10)
"""How long after a call the platform may still make its message: the same words later are somebody's own."""


ECHOED_AS = {
    "sticker": frozenset({"like_heart", "image", "sticker"}),
    "share": frozenset({"share", "ig_post", "ig_reel", "reel", "media"}),
}
"""What the echo of a kind may call itself; every other kind keeps its name (platform.md 1.7)."""


class OpenPart(msgspec.Struct, frozen=True):
    """A part that an echo might explain: being sent, in doubt, given up without an answer, or sent with its mid."""

    part_id: int
    state: Literal["sending", "in_doubt", "lost", "sent"]
    mid: str | None
    kind: str
    content_hash: bytes | None
    called_at: datetime


class SeenEcho(msgspec.Struct, frozen=True):
    mid: str
    kind: str
    content_hash: bytes | None
    occurred_at: datetime


class Ours(msgspec.Struct, frozen=True):
    """``part_id`` was sent, as this echo shows."""

    mid: str
    part_id: int
    evidence: Literal["mid", "content"]
    at: datetime


class Others(msgspec.Struct, frozen=True):
    """Somebody wrote on another device, or another app did."""

    mid: str
    at: datetime


def attribute(parts: Sequence[OpenPart], echoes: Sequence[SeenEcho]) -> list[Ours | Others]:
    """What can be said now; an echo that is not named waits."""
    by_mid = {part.mid: part for part in parts if part.mid}
    newest_first = sorted(parts, key=lambda part: (part.called_at, part.part_id), reverse=True)
    open_parts = {part.part_id: part for part in newest_first if part.mid is None}
    sending = any(part.state == "sending" for part in open_parts.values())
    found: list[Ours | Others] = []
    rest = []
    for echo in sorted(echoes, key=lambda echo: (echo.occurred_at, echo.mid)):
        part = by_mid.get(echo.mid)
        if part:
            found.append(Ours(echo.mid, part.part_id, "mid", echo.occurred_at))
        else:
            rest.append(echo)
    for echo in [] if sending else rest:
        possible = [part for part in open_parts.values() if _could_be(part, echo)]
        match = _match(possible, echo, rest)
        if match:
            found.append(Ours(echo.mid, match.part_id, "content", echo.occurred_at))
            del open_parts[match.part_id]
        elif not any(part.state == "in_doubt" for part in possible):
            found.append(Others(echo.mid, echo.occurred_at))
    return found


def _could_be(part: OpenPart, echo: SeenEcho) -> bool:
    if not part.called_at - SKEW <= echo.occurred_at <= part.called_at + REACH:
        return False
    if echo.kind not in ECHOED_AS.get(part.kind, {part.kind}):
        return False
    return part.kind != "text" or part.content_hash == echo.content_hash


def _match(possible: list[OpenPart], echo: SeenEcho, rest: Sequence[SeenEcho]) -> OpenPart | None:
    """The part that ``echo`` shows; media only where nothing else could be meant.

    Of several with its text the latest call before it: so later echoes leave the earlier calls to earlier echoes,
    whichever is seen first.
    """
    if not possible:
        return None
    if echo.kind == "text":
        return possible[0]
    alike = [other for other in rest if _could_be(possible[0], other)]
    return possible[0] if len(possible) == len(alike) == 1 else None
