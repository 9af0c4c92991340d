"""What the platform says about a comment: when it was made, which no webhook tells (platform.md 2.4)."""

from datetime import datetime

import msgspec

from kaiwa.contracts.times import parse
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.graph import Graph, Sender


class _Comment(msgspec.Struct):
    timestamp: str


_comment = msgspec.json.Decoder(_Comment)


async def made_at(graph: Graph, sender: Sender, comment_id: str) -> datetime | None:
    """When a comment was made; None where the platform did not say."""
    content = await graph.get(sender, comment_id, {"fields": "timestamp"})
    try:
        return None if content is None else parse(_comment.decode(content).timestamp)
    except (ValueError, *UNREADABLE):
        return None
