"""What the platform says about conversation routing: who owns a thread, and which mode an account is in (platform.md 6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.graph import Graph, Sender


@dataclass(frozen=True)
class Owner:
    """Who owns a thread, ``app_id`` None where that is another app which we are not told; and until when."""

    app_id: str | None
    until: datetime | None


@dataclass(frozen=True)
class Idle:
    """Nobody owns the thread."""


class _Thread(msgspec.Struct):
    app_id: int | str | None = None
    expiration: int | None = None


class _Owned(msgspec.Struct):
    thread_owner: _Thread


class _Owners(msgspec.Struct):
    data: list[_Owned]


class _Features(msgspec.Struct):
    hop_v2: bool = False
    ig_multi_app: bool = False


class _Status(msgspec.Struct):
    messaging_feature_status: _Features


_owners = msgspec.json.Decoder(_Owners)
_status = msgspec.json.Decoder(_Status)


async def owner(graph: Graph, sender: Sender, customer_id: str) -> Owner | Idle | None:
    """Who owns the thread with a customer; None where the platform did not say."""
    content = await graph.get(sender, f"{sender.node_id}/thread_owner", {"recipient": customer_id})
    try:
        return None if content is None else _first(_owners.decode(content).data)
    except (OverflowError, OSError, ValueError, *UNREADABLE):
        return None


async def mode(graph: Graph, sender: Sender) -> Literal["routed", "open", "alone"] | None:
    """Routing with a default app, open to several apps (zero-config), or one app alone; None where nobody said.

    The notes do not say what the three flags mean: ``hop_v2`` is read as routing, ``ig_multi_app`` as several apps.
    """
    content = await graph.get(sender, "me", {"fields": "messaging_feature_status"})
    try:
        features = None if content is None else _status.decode(content).messaging_feature_status
    except UNREADABLE:
        return None
    if features is None:
        return None
    return "routed" if features.hop_v2 else "open" if features.ig_multi_app else "alone"


def _first(owned: Iterable[_Owned]) -> Owner | Idle:
    thread = next((item.thread_owner for item in owned), None)
    if thread is None:
        return Idle()
    app_id, ends = thread.app_id, thread.expiration
    return Owner(
        None if app_id is None else str(app_id), None if ends is None else datetime.fromtimestamp(ends, UTC)
    )
