"""A platform that answers every call alike, or never, and keeps what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kaiwa.meta.graph import Graph
from kaiwa.meta.http import READ, NoReply, Reply


@dataclass(frozen=True)
class Asked:
    method: str
    url: str
    params: Mapping[str, str]
    content: bytes
    headers: Mapping[str, str]


@dataclass
class Replying:
    """An `Http` without a network."""

    reply: Reply | NoReply
    asked: list[Asked] = field(default_factory=list)

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
    ) -> Reply:
        assert form is None
        assert patience > 0
        self.asked.append(Asked(method, url, params or {}, content or b"", headers or {}))
        if isinstance(self.reply, NoReply):
            raise self.reply
        return self.reply

    def graph(self) -> Graph:
        return Graph(self, facebook="https://fb.example/", instagram="https://ig.example", version="v26.0")


def answering(status: int, content: bytes) -> Replying:
    return Replying(Reply(status, content))
