"""A platform without a network: it keeps what it was asked, and answers alike, by path, or never."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kaiwa.meta.graph import Graph
from kaiwa.meta.http import READ, Leave, NoReply, Reply


@dataclass(frozen=True)
class Asked:
    """One call."""

    method: str
    url: str
    params: Mapping[str, str]
    content: bytes
    form: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """With the host, without the scheme."""
        return self.url.removeprefix("https://")


class Platform(ABC):
    """An `Http` without a network."""

    asked: list[Asked]

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Raises NoReply where none comes."""

    async def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = READ,
        leave: Leave | None = None,
    ) -> Reply:
        assert content is None or form is None
        assert patience > 0
        if leave and not await leave():
            raise NoReply("stays", left=False)
        asked = Asked(method, url, params or {}, content or b"", form or {}, headers or {})
        self.asked.append(asked)
        return self.answer(asked)


@dataclass
class Replying(Platform):
    """Answers every call alike, or never."""

    reply: Reply | NoReply
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:  # noqa: ARG002 - whatever was asked
        if isinstance(self.reply, NoReply):
            raise self.reply
        return self.reply

    def graph(self) -> Graph:
        return Graph(self, facebook="https://fb.example/", instagram="https://ig.example", version="v26.0")


class Scripted(Platform):
    """Answers by path: JSON, a status and bytes, or an exception."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.asked: list[Asked] = []
        self.answers = answers

    def answer(self, asked: Asked) -> Reply:
        answer = self.answers[asked.path]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            return Reply(*answer)
        refused = "error" in answer or "error_type" in answer
        return Reply(400 if refused else 200, json.dumps(answer).encode())


def answering(status: int, content: bytes) -> Replying:
    return Replying(Reply(status, content))
