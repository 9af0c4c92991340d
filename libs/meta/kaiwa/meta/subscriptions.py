"""What an account has switched on for an app: its webhooks, and messaging itself (platform.md 1.1, 1.6, 5)."""

from collections.abc import Iterable

import msgspec

from kaiwa.contracts.wire import UNREADABLE
from kaiwa.meta.answers import Answer, Available, Lost, NotSent, Refused, Subscribed
from kaiwa.meta.graph import Graph, Sender

EDGE = "subscribed_apps"
_LEAST = "messages"
_BAD_PARAMETER = 100


class _App(msgspec.Struct):
    id: str | int | None = None
    subscribed_fields: tuple[str, ...] = ()


class _Apps(msgspec.Struct):
    data: list[_App]


_apps = msgspec.json.Decoder(_Apps)


async def probe(graph: Graph, sender: Sender) -> Available | Refused | NotSent | Lost:
    """Whether messaging is available for the account: one call of the Conversations API."""
    node = sender.node_id if sender.login == "facebook" else "me"
    asked = {"platform": "instagram", "fields": "id", "limit": "1"}
    said = await graph.fetch(sender, f"{node}/conversations", asked)
    return Available() if isinstance(said, bytes) else said


async def subscribe(graph: Graph, sender: Sender, fields: Iterable[str]) -> Answer:
    """Have the account's events sent to the token's app; by one field, which is enough, where Meta knows one of them not.

    One subscribed field brings every field that the app has switched on (platform.md 1.1).
    """
    said = await graph.post(sender, EDGE, {"subscribed_fields": ",".join(fields)})
    if isinstance(said, Refused) and said.code == _BAD_PARAMETER:
        return await graph.post(sender, EDGE, {"subscribed_fields": _LEAST})
    return said


async def subscribed(graph: Graph, sender: Sender) -> tuple[Subscribed, ...] | Refused | NotSent | Lost:
    """The apps that get the account's events."""
    said = await graph.fetch(sender, f"{sender.node_id}/{EDGE}", {})
    if not isinstance(said, bytes):
        return said
    try:
        listed = _apps.decode(said).data
    except UNREADABLE:
        return Lost("unreadable answer")
    return tuple(
        Subscribed(None if app.id is None else str(app.id), frozenset(app.subscribed_fields))
        for app in listed
    )
