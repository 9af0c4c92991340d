"""Subscribing, where Meta knows one of the fields not."""

import json

import pytest
from replies import Replying, answering

from kaiwa.meta import subscriptions
from kaiwa.meta.answers import Accepted, Available, Lost, NotSent, Refused, Subscribed
from kaiwa.meta.graph import Sender
from kaiwa.meta.http import NoReply, Reply

SHOP = Sender("facebook", "1029", "token")
STUDIO = Sender("instagram", "1784", "token")


class Picky(Replying):
    """Knows the field `messages` alone."""

    async def call(self, method: str, url: str, **more: object) -> Reply:
        reply = await super().call(method, url, **more)  # type: ignore[arg-type]
        fields = json.loads(self.asked[-1].content)["subscribed_fields"]
        return reply if fields == "messages" else Reply(400, b'{"error":{"code":100}}')


async def test_an_unknown_field_costs_its_neighbours_nothing() -> None:
    """Broken by: an account without webhooks because Meta renamed one field."""
    platform = Picky(Reply(200, b'{"success":true}'))
    said = await subscriptions.subscribe(platform.graph(), SHOP, ["messages", "no_such_field"])
    assert said == Accepted(None, None)
    assert len(platform.asked) == 2


@pytest.mark.parametrize("code", [200, 190, 10])
async def test_another_refusal_is_not_asked_again(code: int) -> None:
    platform = answering(400, json.dumps({"error": {"code": code}}).encode())
    said = await subscriptions.subscribe(platform.graph(), SHOP, ["messages", "standby"])
    assert isinstance(said, Refused)
    assert len(platform.asked) == 1


@pytest.mark.parametrize(
    ("reply", "listed"),
    [
        (
            Reply(200, b'{"data":[{"id":"1001","subscribed_fields":["messages"]}]}'),
            (Subscribed("1001", frozenset({"messages"})),),
        ),
        (
            Reply(200, b'{"data":[{"subscribed_fields":["messages"]}]}'),
            (Subscribed(None, frozenset({"messages"})),),
        ),
        (Reply(200, b'{"data":[{"id":1001}]}'), (Subscribed("1001", frozenset()),)),
        (Reply(200, b'{"data":[]}'), ()),
        (Reply(200, b"<html>"), Lost("unreadable answer")),
        (Reply(400, b'{"error":{"code":190}}'), Refused(190, None, None)),
        (NoReply("ClientConnectorError", left=False), NotSent("ClientConnectorError")),
    ],
)
async def test_what_is_listed(reply: Reply | NoReply, listed: object) -> None:
    assert await subscriptions.subscribed(Replying(reply).graph(), SHOP) == listed


async def test_the_probe_asks_each_host_its_own_way() -> None:
    """Broken by: an Instagram account asked by its id, or a Page by `me`."""
    for sender, path in ((SHOP, "1029/conversations"), (STUDIO, "me/conversations")):
        platform = answering(200, b'{"data":[]}')
        assert await subscriptions.probe(platform.graph(), sender) == Available()
        assert platform.asked[0].url.endswith(path)
        assert platform.asked[0].params["platform"] == "instagram"
