"""One call on a real socket, broken off at every place: what left the machine decides, and nothing leaves twice.

A retry of any of these, here or beneath, could reach a customer twice.
"""

import asyncio
import socket

import pytest
from calls import ACCEPTED, HELLO, NO_CONNECTION, SHOP, TAKEN, to
from conditions import eventually
from wire import Turn, Wire, close, hang, raw, reset, says

from kaiwa.devstack.ports import free_port
from kaiwa.meta import http
from kaiwa.meta.answers import Answer, Lost, NotSent, Refused

HUGE = {"message": {"text": "x" * 1_000_000}}
CLOSED = b'{"error":{"code":10,"error_subcode":2534022,"fbtrace_id":"T"}}'


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shorter wait for an answer."""
    monkeypatch.setattr(http, "_USUAL", http._patient(0.3))


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        pytest.param(TAKEN, ACCEPTED, id="accepted"),
        pytest.param(says("200 OK", CLOSED), Refused(10, 2534022, "T"), id="200 with an error"),
        pytest.param(says("403 Forbidden", CLOSED), Refused(10, 2534022, "T"), id="403 with an error"),
        pytest.param(says("500 Oh", CLOSED), Refused(10, 2534022, "T", passing=True), id="500 with an error"),
        pytest.param(says("500 Oh", b"<html>"), Lost("HTTP 500"), id="500 with html"),
        pytest.param(says("200 OK", b"<html>"), Lost("unreadable answer"), id="200 unreadable"),
    ],
)
async def test_complete_answers(turn: Turn, said: Answer) -> None:
    with Wire.opened(turn) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert await graph.send(SHOP, HELLO) == said
        assert wire.bodies == [b'{"message":{"text":"hello"}}']


@pytest.mark.parametrize(
    "turn",
    [
        pytest.param(reset, id="reset after the request was read"),
        pytest.param(close, id="closed after the request was read"),
        pytest.param(raw(b"HTTP/1.1 200"), id="closed within the status line"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\ncontent-le"), id="closed within the headers"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), id="endless header"),
        pytest.param(raw(b"\x16\x03\x01 no http at all\r\n\r\n"), id="no http"),
        pytest.param(
            says("200 OK", b'{"recipient_id":"1"}', promised=99, then=close), id="closed within the body"
        ),
        pytest.param(
            says("200 OK", b'{"recipient_id":"1"}', promised=99, then=reset), id="reset within the body"
        ),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"), id="no gzip"
        ),
    ],
)
async def test_lost_after_the_request_was_read(turn: Turn) -> None:
    """Promise 3. Breaks when such an exception counts among those that say "never left", and when anything beneath
    makes the call again: the second turn would be taken.
    """
    with Wire.opened(turn, TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HELLO), Lost)
        assert len(wire.bodies) == 1


@pytest.mark.parametrize("breaks", [reset, close])
async def test_broken_off_before_anything_was_read_is_lost_all_the_same(breaks: Turn) -> None:
    """Promise 3: where the connection came about, bytes may have left. A reset can be so quick that it never did."""
    with Wire.opened(TAKEN, accept=breaks) as wire:
        async with to(f"http://{wire.address}") as graph:
            answer = await graph.send(SHOP, HELLO)
        assert isinstance(answer, Lost) or (breaks is reset and answer == NO_CONNECTION)
        assert wire.bodies == []


async def test_broken_off_while_writing_is_lost() -> None:
    """Promise 3."""

    def a_little(connection: socket.socket) -> bool:
        connection.recv(1000)
        return reset(connection)

    with Wire.opened(TAKEN, accept=a_little) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HUGE), Lost)
        assert wire.bodies == []


@pytest.mark.parametrize(
    "turn", [hang, raw(b"HTTP/1.1 200 OK\r\n", then=hang), says("200 OK", b"{", promised=9, then=hang)]
)
async def test_no_answer_in_time_is_lost(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 3. Breaks when a read timeout counts as not sent."""
    impatient(monkeypatch)
    with Wire.opened(turn, TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HELLO), Lost)
        assert len(wire.bodies) == 1


async def test_no_connection_is_not_sent() -> None:
    """Breaks when everything without an answer is in doubt: a server that is away would stop all conversations."""
    async with to(f"http://127.0.0.1:{free_port()}") as graph:
        assert await graph.send(SHOP, HELLO) == NO_CONNECTION
    async with to("http://nowhere.invalid") as graph:
        assert isinstance(await graph.send(SHOP, HELLO), NotSent)
    for nonsense in ("ftp://127.0.0.1", "http://[", "http://127.0.0.1:99999"):
        async with to(nonsense) as graph:
            assert isinstance(await graph.send(SHOP, HELLO), NotSent)


async def test_no_free_connection_is_not_sent() -> None:
    with Wire.opened(hang, TAKEN) as wire:
        async with to(f"http://{wire.address}", connections=1) as graph, asyncio.TaskGroup() as group:
            first = group.create_task(graph.send(SHOP, HELLO))
            await eventually(lambda: bool(wire.bodies))
            assert await graph.send(SHOP, HELLO) == NotSent("ConnectionTimeoutError")
            first.cancel()
        assert len(wire.bodies) == 1


async def test_a_thread_that_cannot_be_read_is_none() -> None:
    async with to(f"http://127.0.0.1:{free_port()}") as graph:
        assert await graph.newest_messages(SHOP, "1111") is None
