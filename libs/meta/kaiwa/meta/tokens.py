"""What the platform says of a token: whether it is good, for what, until when; and its successor (platform.md 9).

`debug_token` is the Facebook host's alone; `refresh_access_token` that of Instagram Login alone.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.answers import NEVER, Debugged, Fresh, Lost, NotSent, Refused
from kaiwa.meta.graph import Graph, Sender


class _Why(msgspec.Struct):
    code: int | None = None
    subcode: int | None = None


class _Told(msgspec.Struct):
    is_valid: bool
    app_id: str | int | None = None
    scopes: tuple[str, ...] = ()
    expires_at: int = 0
    error: _Why | None = None


class _Data(msgspec.Struct):
    data: _Told


class _New(msgspec.Struct):
    access_token: str
    expires_in: float


async def debug(
    graph: Graph, app_id: str, secret: bytes, sender: Sender
) -> Debugged | Refused | NotSent | Lost:
    """What `debug_token` says of a sender's token, asked by the app itself."""
    app = replace(sender, node_id=app_id, token=f"{app_id}|{secret.decode()}", proof=None)
    said = await graph.fetch(app, "debug_token", {"input_token": sender.token})
    if not isinstance(said, bytes):
        return said
    try:
        told = msgspec.json.decode(said, type=_Data).data
        ends = datetime.fromtimestamp(told.expires_at, UTC) if told.expires_at else NEVER
    except (OverflowError, OSError, ValueError, *UNREADABLE):
        return Lost("unreadable answer")
    why = told.error
    return Debugged(
        told.is_valid,
        None if told.app_id is None else str(told.app_id),
        frozenset(told.scopes),
        ends,
        None if why is None or why.code is None else (why.code, why.subcode),
    )


async def refresh(graph: Graph, sender: Sender) -> Fresh | Refused | NotSent | Lost:
    """The successor of a token of Instagram Login; the old one lives until its own end, so a lost answer costs nothing."""
    asked = {"grant_type": "ig_refresh_token", "access_token": sender.token}
    bare = replace(sender, proof=None)
    said = await graph.fetch(bare, "refresh_access_token", asked, versioned=False)
    if not isinstance(said, bytes):
        return said
    try:
        new = msgspec.json.decode(said, type=_New)
        return Fresh(new.access_token, timedelta(seconds=new.expires_in))
    except (OverflowError, *UNREADABLE):
        return Lost("unreadable answer")
