"""The Send API as fast as one process can play it: every POST is taken after 150 ms, and its echo is on Kafka.

``python stub_graph.py PORT BOOTSTRAP_SERVERS`` (or ``-`` for no echoes). It says what arrived where and when, which is
what limits are held against: ``GET /arrivals`` is JSON of the monotonic times by node, ``GET /texts`` the times by text.
Texts are told by their last word, so that a disclosure in front does not matter.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from collections import defaultdict, deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import msgspec
import uvloop

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import events, ids, topics
from kaiwa.contracts.cloudevents import headers
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.settings import Kafka

LATENCY = 0.15
ECHOES_EVERY = 0.05
_body = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


class Books:
    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.arrivals: defaultdict[str, list[float]] = defaultdict(list)
        self.texts: dict[str, float] = {}
        self.repeated: list[str] = []
        self.echoes: deque[tuple[float, str, str, str, str]] = deque()

    def take(self, node: str, body: bytes) -> bytes:
        now = time.monotonic()
        message = _body.decode(body)
        customer, text = message["recipient"]["id"], message["message"]["text"]
        self.arrivals[node].append(now)
        word = text.rsplit(None, 1)[-1]
        self.repeated += [f"{word} of {node}"] if word in self.texts else []
        self.texts[word] = now
        mid = f"m-{next(self.numbers)}"
        self.echoes.append((now + LATENCY, node, customer, mid, text))
        return b'{"recipient_id":"%b","message_id":"%b"}' % (customer.encode(), mid.encode())

    def show(self, path: str) -> bytes:
        match path:
            case "/arrivals":
                return json.dumps(self.arrivals).encode()
            case "/texts":
                return json.dumps({"at": self.texts, "repeated": self.repeated}).encode()
        return b"{}"


class Connection(asyncio.Protocol):
    def __init__(self, books: Books) -> None:
        self._books = books
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + size:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            path = head.split(b" ", 2)[1].decode()
            if path.endswith("/messages"):
                answer = self._books.take(path.split("/")[2], body)
                self._loop.call_later(LATENCY, self._answer, answer)
            else:
                self._answer(self._books.show(path))

    def _answer(self, content: bytes) -> None:
        if not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            self._transport.write(head % len(content) + content)


async def echo(books: Books, servers: str) -> None:
    async with Producer(Kafka(bootstrap_servers=servers), client_id="stub") as producer:
        partitions = await producer.partitions(topics.EVENTS, within=10)
        while True:
            await asyncio.sleep(ECHOES_EVERY)
            echoes = []
            while books.echoes and books.echoes[0][0] <= time.monotonic():
                echoes.append(books.echoes.popleft()[1:])
            if echoes:
                now = rfc3339(datetime.now(UTC))
                records = [_record(*seen, now=now, partitions=partitions) for seen in echoes]
                await producer.publish(records, within=30)


def _record(account_id: str, customer_id: str, mid: str, text: str, *, now: str, partitions: int) -> Outgoing:
    event = Event(
        id=ids.derived(account_id, mid),
        kind=Kind.MESSAGE_ECHOED,
        app_id="1001",
        account_id=account_id,
        customer_id=customer_id,
        occurred_at=now,
        time_source="event",
        received_at=now,
        stream="messaging",
        data=msgspec.Raw(_encode(events.Message(mid=mid, text=text, app_id="1001"))),
    )
    head = headers(event_id=event.id, kind=event.kind, account_id=account_id, time=now)
    partition = of_conversation(account_id, customer_id, partitions)
    return Outgoing(topics.EVENTS, event.id.encode(), events.encode(event), head, partition=partition)


async def main(port: int, servers: str) -> None:
    books = Books()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(books), "127.0.0.1", port, backlog=2048
    )
    async with server:
        if servers != "-":
            await echo(books, servers)
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(PermissionError):
        os.nice(-15)  # it stands for another machine: what keeps ours busy must not make a call arrive late
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
