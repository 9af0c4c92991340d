"""Load on a webhook, from a client so thin that the service is what is measured: requests are bytes made before."""

import asyncio
import re
import time
from collections.abc import Iterable
from typing import NamedTuple

from kaiwa.meta.signatures import sign

_STATUS = slice(9, 12)  # HTTP/1.1 200 OK
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Answer(NamedTuple):
    """``seconds`` from the request's first byte to the answer's last."""

    request: int
    status: int
    seconds: float


def post(path: str, body: bytes, *, secret: bytes) -> bytes:
    """A signed delivery as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"x-hub-signature-256: {sign(secret, body)}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answered = answered
        self.transport.write(request)
        return await answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if self._answered and end and len(body) >= (int(length[1]) if length else 0):
            self._received = b""
            self._answered.set_result(int(head[_STATUS]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the service hung up"))


async def drive(
    port: int, requests: Iterable[bytes], *, connections: int, rate: float | None = None
) -> list[Answer]:
    """Each request once, over whichever connection is free; with a ``rate`` no faster than so many a second."""
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Connection, "127.0.0.1", port) for _ in range(connections)]
    waiting = enumerate(requests)
    answers: list[Answer] = []
    started = time.perf_counter()

    async def keep_asking(connection: Connection) -> None:
        for number, request in waiting:
            if rate is not None:
                await asyncio.sleep(started + number / rate - time.perf_counter())
            asked = time.perf_counter()
            status = await connection.ask(request)
            answers.append(Answer(number, status, time.perf_counter() - asked))

    try:
        await asyncio.gather(*(keep_asking(connection) for _, connection in made))
    finally:
        for transport, _ in made:
            transport.close()
    return answers
