"""Uploading media once, to be sent by its id from then on (platform.md 2.3; Facebook Login alone documents it)."""

from typing import Final

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.graph import Graph, Sender

EDGE: Final = "message_attachments"
PATIENCE: Final = 80.0
"""Seconds: the platform itself gives up fetching a video after 75 (error 2018294)."""


class _Uploaded(msgspec.Struct):
    attachment_id: str


_uploaded = msgspec.json.Decoder(_Uploaded)


async def upload(graph: Graph, sender: Sender, kind: str, url: str) -> str | None:
    """The id of what the platform fetched from this address; None where it did not take it."""
    attachment = {"type": kind, "payload": {"url": url, "is_reusable": True}}
    body = {"platform": "instagram", "message": {"attachment": attachment}}
    content = await graph.ask(sender, EDGE, body, patience=PATIENCE)
    try:
        return None if content is None else _uploaded.decode(content).attachment_id or None
    except UNREADABLE:
        return None
