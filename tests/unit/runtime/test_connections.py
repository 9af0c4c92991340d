"""What an answer is made of leaves as one piece, and in time; and a body is known to be here when it is."""

import asyncio
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from kaiwa.runtime.connections import Whole, limited
from kaiwa.runtime.http import ARRIVED, Receive, Scope, Send


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

    def get_extra_info(self, _name: str) -> None:
        """It is nobody's."""


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


async def test_a_body_has_arrived_once_all_of_it_is_here() -> None:
    """Broken by: calling it arrived with its head, so that no clock is set for the rest; or never, which costs a clock."""
    arrived = list[bool]()

    async def note(scope: Scope, _receive: Receive, _send: Send) -> None:
        arrived.append(ARRIVED in scope)

    config = uvicorn.Config(note, lifespan="off", log_config=None, ws="none")
    config.load()
    for pieces in (
        [b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nok"],
        [b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\no", b"k"],
    ):
        protocol = cast("Any", limited(2))(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(Transport())
        for piece in pieces:
            protocol.data_received(piece)
            await asyncio.sleep(0)
    assert arrived == [True, False]
