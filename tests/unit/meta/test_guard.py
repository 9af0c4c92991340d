"""A guard stands at every call of a guarded Graph, whichever edge it goes to, and hears what its answer says of limits."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from replies import Replying

from kaiwa.meta import attachments, comments, profiles, routing, subscriptions, tokens
from kaiwa.meta.answers import Refused
from kaiwa.meta.graph import MESSAGES, Graph, Sender
from kaiwa.meta.http import NoReply, Reply
from kaiwa.meta.usage import Usage

SHOP = Sender("facebook", "1029", "token", "proof", "1784", "1001")
FULL = {"x-app-usage": json.dumps({"call_count": 90})}
THROTTLED = json.dumps({"error": {"code": 613}}).encode()

CALLS: list[Callable[[Graph], Awaitable[object]]] = [
    lambda graph: graph.post(SHOP, MESSAGES, {}),
    lambda graph: graph.newest_messages(SHOP, "1111"),
    lambda graph: graph.threads(SHOP, None),
    lambda graph: routing.owner(graph, SHOP, "1111"),
    lambda graph: routing.mode(graph, SHOP),
    lambda graph: comments.made_at(graph, SHOP, "77"),
    lambda graph: attachments.upload(graph, SHOP, "file", "https://shop.example/a.pdf"),
    lambda graph: subscriptions.probe(graph, SHOP),
    lambda graph: subscriptions.subscribed(graph, SHOP),
    lambda graph: subscriptions.subscribe(graph, SHOP, ["messages"]),
    lambda graph: tokens.debug(graph, "1001", b"secret", SHOP),
    lambda graph: tokens.refresh(graph, SHOP),
    lambda graph: profiles.read(graph, SHOP, "ice_breakers"),
]


class StopError(Exception):
    pass


@dataclass
class Watching:
    """Remembers whose calls it saw, and what it heard."""

    closed: bool = False
    seen: list[tuple[str | None, str | None]] = field(default_factory=list)
    heard: list[Refused | Usage] = field(default_factory=list)

    async def before(self, sender: Sender) -> None:
        self.seen.append((sender.account_id, sender.app_id))
        if self.closed:
            raise StopError

    async def after(self, sender: Sender, said: Refused | Usage) -> None:
        assert sender.account_id == SHOP.account_id
        self.heard.append(said)
        if isinstance(said, Refused):
            raise StopError


@pytest.mark.parametrize("call", CALLS)
async def test_it_sees_every_call_and_hears_every_answer(call: Callable[[Graph], Awaitable[object]]) -> None:
    """Broken by: an edge that goes past it, or a sender that forgets whose limits it draws on."""
    platform, guard = Replying(Reply(200, b"{}", FULL)), Watching()
    await call(platform.graph().guarded(guard))
    assert set(guard.seen) == {("1784", "1001")}
    assert guard.heard == [Usage(app=90)] * len(platform.asked)

    platform.reply = Reply(400, THROTTLED, FULL)
    with pytest.raises(StopError):
        await call(platform.graph().guarded(guard))
    assert guard.heard[-1] == Refused(613, None, None, Usage(app=90))

    platform.asked.clear()
    with pytest.raises(StopError):
        await call(platform.graph().guarded(Watching(closed=True)))
    assert platform.asked == []


async def test_silence_says_nothing() -> None:
    """Broken by: a guard that is told of an answer that never came, or that said nothing; or one that stays for others."""
    platform, guard = Replying(NoReply("ReadTimeout", left=True)), Watching()
    graph = platform.graph()
    await graph.guarded(guard).newest_messages(SHOP, "1111")
    platform.reply = Reply(200, b"{}")
    await graph.guarded(guard).newest_messages(SHOP, "1111")
    assert guard.heard == []
    await graph.newest_messages(SHOP, "1111")
    assert len(guard.seen) == 2
