"""An account's entry points, as the platform keeps them (platform.md 2.5): ice breakers and the persistent menu."""

from collections.abc import Mapping
from typing import Any

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.answers import Answer, Lost, NotSent, Refused
from kaiwa.meta.graph import Graph, Sender

EDGE = "messenger_profile"

Entries = dict[str, tuple[dict[str, str], ...]]


class _Locale(msgspec.Struct):
    call_to_actions: list[dict[str, Any]]
    locale: str = "default"


class _Data(msgspec.Struct):
    data: list[dict[str, msgspec.Raw]]


async def read(graph: Graph, sender: Sender, section: str) -> Entries | Refused | NotSent | Lost:
    """A section's entries by locale; empty where there is none."""
    asked = {"platform": "instagram", "fields": section}
    said = await graph.fetch(sender, f"{sender.node_id}/{EDGE}", asked)
    if not isinstance(said, bytes):
        return said
    try:
        return _entries(msgspec.json.decode(said, type=_Data).data, section)
    except UNREADABLE:
        return Lost("unreadable answer")


async def write(graph: Graph, sender: Sender, body: Mapping[str, Any]) -> Answer:
    """Replace sections as a whole."""
    return await graph.post(sender, EDGE, body)


async def remove(graph: Graph, sender: Sender, section: str) -> Answer:
    """Take a section away."""
    return await graph.post(sender, EDGE, {"platform": "instagram", "fields": [section]}, method="DELETE")


async def username(graph: Graph, sender: Sender, account_id: str) -> str | None:
    """The account's name; None where the platform did not say."""
    node = account_id if sender.login == "facebook" else "me"
    fields = "username" if sender.login == "facebook" else "user_id,username"
    said = await graph.get(sender, node, {"fields": fields})
    try:
        return None if said is None else msgspec.json.decode(said, type=dict[str, Any]).get("username")
    except UNREADABLE:
        return None


def _entries(data: list[dict[str, msgspec.Raw]], section: str) -> Entries:
    """Wrapped in the section's name, or bare: both are printed in Meta's samples."""
    found: Entries = {}
    for item in data:
        raw = item.get(section)
        listed = (
            msgspec.json.decode(raw, type=list[_Locale])
            if raw is not None
            else [msgspec.json.decode(msgspec.json.encode(item), type=_Locale)]
            if "call_to_actions" in item
            else []
        )
        found |= {each.locale: tuple(_plain(entry) for entry in each.call_to_actions) for each in listed}
    return found


def _plain(entry: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in entry.items()}
