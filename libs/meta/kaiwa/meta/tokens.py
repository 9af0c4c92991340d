"""What the platform says of a token: whether it is good, for what, until when; and its successor (platform.md 9).

`debug_token` is the Facebook host's alone; `refresh_access_token` that of Instagram Login alone.
"""

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


async def debug(graph: Graph, app_id: str, secret: bytes, token: str) -> Debugged | Refused | NotSent | Lost:
    """What `debug_token` says, asked by the app itself."""
    app = Sender("facebook", app_id, f"{app_id}|{secret.decode()}")
    said = await graph.fetch(app, "debug_token", {"input_token": token})
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


async def refresh(graph: Graph, token: str) -> Fresh | Refused | NotSent | Lost:
    """The successor of a token of Instagram Login; the old one lives until its own end, so a lost answer costs nothing."""
    asked = {"grant_type": "ig_refresh_token", "access_token": token}
    said = await graph.fetch(Sender("instagram", "me", token), "refresh_access_token", asked, versioned=False)
    if not isinstance(said, bytes):
        return said
    try:
        new = msgspec.json.decode(said, type=_New)
        return Fresh(new.access_token, timedelta(seconds=new.expires_in))
    except (OverflowError, *UNREADABLE):
        return Lost("unreadable answer")
