"""A sender that takes its time: a delivery in pieces over a plain connection."""

import asyncio
from typing import Self
from urllib.parse import urlsplit

from doors import PATH, SECRET

from kaiwa.meta.signatures import sign


class SlowSender:
    """One connection and one signed delivery, of which nothing but the head has been sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self.left = body

    @classmethod
    async def opened(cls, url: str, body: bytes) -> Self:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head = {"Host": "ingest", "Content-Length": len(body), "X-Hub-Signature-256": sign(SECRET, body)}
        lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        return cls(reader, writer, body)

    async def send(self, size: int) -> None:
        piece, self.left = self.left[:size], self.left[size:]
        self._writer.write(piece)
        await self._writer.drain()

    async def status(self) -> int:
        """Of the answer; 0 where the connection was closed without one."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return
