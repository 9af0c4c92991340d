"""Looking for a message in the newest messages of its thread, as evidence of a call that got no answer.

Only 20 messages can be read, so absence proves something only where the list reaches back to before the call.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kaiwa.meta.answers import ThreadMessage

SHOWN_AS = {
    "image": {"image"},
    "sticker": {"image"},
    "video": {"video"},
    "audio": {"audio", "video", "file"},
    "file": {"file"},
}
"""As what the Conversations API may show a kind; nothing says how it shows a template or a shared post, so any own
message without text might be one (platform.md 5).
"""

READABLE = 20
SKEW = timedelta(seconds=10)
"""How far the platform's clock may be behind ours."""


@dataclass(frozen=True)
class Doubted:
    """A part in doubt; `content_hash` None for media."""

    customer_id: str
    kind: str
    content_hash: bytes | None
    called_at: datetime


@dataclass(frozen=True)
class Found:
    mid: str
    at: datetime


@dataclass(frozen=True)
class Absent:
    """The list reaches back to before the call and does not hold it."""


@dataclass(frozen=True)
class Unclear:
    """Nothing can be said: unreadable, or the list does not reach back far enough."""


def heard_at(messages: Sequence[ThreadMessage], customer_id: str) -> datetime | None:
    """When the customer last wrote, as far as the thread shows; it cuts to whole seconds, which closes no window late."""
    return max((message.created for message in messages if message.from_id == customer_id), default=None)


def search(
    doubted: Doubted,
    messages: Sequence[ThreadMessage] | None,
    *,
    taken: Collection[str],
    fingerprint: Callable[[str | None], str | None],
) -> Found | Absent | Unclear:
    """`messages` newest first, None where the platform gave none; `taken`: mids that are other parts' already."""
    if messages is None:
        return Unclear()
    earliest = doubted.called_at - SKEW
    candidates = [
        message
        for message in messages
        if message.from_id != doubted.customer_id
        and message.mid not in taken
        and message.created >= earliest
        and _alike(doubted, message, fingerprint)
    ]
    if candidates and (doubted.kind == "text" or len(candidates) == 1):
        oldest = candidates[-1]
        return Found(oldest.mid, oldest.created)
    complete = len(messages) < READABLE or messages[-1].created < earliest
    return Absent() if complete and not candidates else Unclear()


def _alike(doubted: Doubted, message: ThreadMessage, fingerprint: Callable[[str | None], str | None]) -> bool:
    if doubted.kind != "text":
        shown = SHOWN_AS.get(doubted.kind)
        return message.text is None if shown is None else not shown.isdisjoint(message.attachment_kinds)
    found = fingerprint(message.text)
    return (
        found is not None
        and doubted.content_hash is not None
        and bytes.fromhex(found) == doubted.content_hash
    )
