"""The two shapes in which Meta's samples print a profile, and answers that are none."""

from typing import Any

import pytest

from kaiwa.meta import profiles
from kaiwa.meta.answers import Lost, Refused
from kaiwa.meta.graph import Graph, Sender
from kaiwa.meta.http import Reply

SENDER = Sender("instagram", "1784", "token")
ENTRY = '{"locale":"default","call_to_actions":[{"question":"q","payload":"p"}]}'


class Answering:
    def __init__(self, content: str, status: int) -> None:
        self.reply = Reply(status, content.encode())

    async def call(self, method: str, url: str, **_: Any) -> Reply:
        assert (method, url) == ("GET", "https://ig.example/v26.0/1784/messenger_profile")
        return self.reply


async def answered(content: str, status: int = 200) -> object:
    http = Answering(content, status)
    graph = Graph(http, facebook="https://fb.example", instagram="https://ig.example", version="v26.0")
    return await profiles.read(graph, SENDER, "ice_breakers")


@pytest.mark.parametrize("data", [f'[{{"ice_breakers":[{ENTRY}]}}]', f"[{ENTRY}]"])
async def test_wrapped_or_bare(data: str) -> None:
    assert await answered(f'{{"data":{data}}}') == {"default": ({"question": "q", "payload": "p"},)}


async def test_nothing_is_nothing() -> None:
    assert await answered('{"data":[]}') == {}
    assert await answered('{"data":[{"persistent_menu":[]}]}') == {}


@pytest.mark.parametrize(
    "content", ["", "[]", '{"data":[{"ice_breakers":3}]}', '{"data":[{"call_to_actions":3}]}']
)
async def test_answers_that_are_none(content: str) -> None:
    assert isinstance(await answered(content), Lost)


async def test_a_refusal_is_one() -> None:
    assert isinstance(await answered('{"error":{"code":200}}', 403), Refused)
