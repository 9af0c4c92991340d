"""What an answer is made of leaves as one piece, and in time."""

import asyncio
from typing import cast

from kaiwa.runtime.connections import Whole


class Transport:
    """Notes what reaches the wire."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def whole() -> tuple[Whole, Transport]:
    transport = Transport()
    return Whole(cast("asyncio.Transport", transport)), transport


async def test_head_and_body_leave_together() -> None:
    """Broken by: handing each write on, which sends twice and wakes whoever asked for half an answer."""
    one, wire = whole()
    one.write(b"head ")
    one.write(b"body")
    await asyncio.sleep(0)
    one.write(b"next")
    await asyncio.sleep(0)
    assert wire.sent == [b"head body", b"next"]


async def test_what_was_written_goes_before_the_end() -> None:
    """Broken by: closing with the answer still held."""
    one, wire = whole()
    one.write(b"last words")
    one.close()
    await asyncio.sleep(0)
    assert (wire.sent, wire.closed) == ([b"last words"], True)


async def test_nothing_is_written_to_who_has_gone() -> None:
    one, wire = whole()
    one.write(b"too late")
    wire.closed = True
    await asyncio.sleep(0)
    assert wire.sent == []
    assert one.is_closing()
