"""Calls that ask before they leave: on an open connection, right before their bytes."""

import asyncio
import socket
import time

import pytest
from calls import ACCEPTED, HELLO, NO_CONNECTION, SHOP, TAKEN, to
from conditions import eventually
from wire import Turn, Wire, close, reset, says

from kaiwa.devstack.ports import free_port
from kaiwa.meta.answers import Lost, NotSent
from kaiwa.meta.graph import MESSAGES
from kaiwa.meta.http import Leave


def answers(may: bool) -> Leave:
    async def leave() -> bool:
        return may

    return leave


async def test_nothing_leaves_before_it_may() -> None:
    """Promise 5. Breaks when a call's head goes ahead of its content."""
    came_early: list[bytes] = []

    def listen(connection: socket.socket) -> bool:
        connection.settimeout(0.3)
        try:
            came_early.append(connection.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            loop.call_soon_threadsafe(may.set)
        connection.settimeout(None)
        return True

    loop, may = asyncio.get_running_loop(), asyncio.Event()

    async def leave() -> bool:
        async with asyncio.timeout(10):
            return await may.wait()

    with Wire.opened(TAKEN, accept=listen) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert await graph.post(SHOP, MESSAGES, HELLO, leave=leave) == ACCEPTED
        assert len(wire.bodies) == 1
    assert not came_early


async def test_it_has_left_before_anything_else_has_its_turn() -> None:
    """Promise 5. Breaks when the answer is not acted upon at once: behind it there may be a busy loop's other tasks."""
    told: list[float] = []
    came: list[float] = []

    async def leave() -> bool:
        asyncio.get_running_loop().call_soon(time.sleep, 0.5)
        told.append(time.monotonic())
        return True

    def take(connection: socket.socket) -> bool:
        came.append(time.monotonic())
        return TAKEN(connection)

    with Wire.opened(take) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert await graph.post(SHOP, MESSAGES, HELLO, leave=leave) == ACCEPTED
    assert came[0] - told[0] < 0.4


async def test_what_may_not_leave_is_not_sent() -> None:
    """Promise 3. The connection goes with it, and the next call has another one."""
    with Wire.opened(TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            said = await graph.post(SHOP, MESSAGES, HELLO, leave=answers(may=False))
            assert isinstance(said, NotSent)
            assert wire.bodies == []
            assert await graph.post(SHOP, MESSAGES, HELLO, leave=answers(may=True)) == ACCEPTED
        assert len(wire.bodies) == 1


@pytest.mark.parametrize("breaks", [reset, close])
async def test_a_connection_that_breaks_before_it_may_leave_is_not_sent(breaks: Turn) -> None:
    """Promise 3: that nothing has left is known, so it need not be in doubt."""

    async def never() -> bool:
        return await asyncio.Event().wait()

    with Wire.opened(TAKEN, accept=breaks) as wire:
        async with asyncio.timeout(10), to(f"http://{wire.address}") as graph:
            assert isinstance(await graph.post(SHOP, MESSAGES, HELLO, leave=never), NotSent)
        assert wire.bodies == []


@pytest.mark.parametrize("status", ["200 OK", "408 Request Timeout"])
async def test_an_answer_before_it_left_is_none(status: str) -> None:
    """Promise 3: servers say 408 on a connection that waits. Breaks when that is taken for the call's answer, or when what
    waits to leave goes after it.
    """
    too_soon = says(status, b'{"recipient_id":"1111","message_id":"m1"}')
    waits, may = asyncio.Event(), asyncio.Event()

    async def leave() -> bool:
        waits.set()
        return await may.wait()

    with Wire.opened(TAKEN, accept=too_soon) as wire:
        async with asyncio.timeout(10), to(f"http://{wire.address}") as graph:
            call = asyncio.create_task(graph.post(SHOP, MESSAGES, HELLO, leave=leave))
            await waits.wait()
            assert isinstance(await call, NotSent)
            may.set()
        assert wire.closed.acquire(timeout=10)
        assert wire.bodies == []


async def test_a_connection_that_breaks_as_it_leaves_is_lost() -> None:
    """Promise 3. Breaks when what was asked counts as what has not left."""
    with Wire.opened(reset) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert isinstance(await graph.post(SHOP, MESSAGES, HELLO, leave=answers(may=True)), Lost)
        assert len(wire.bodies) == 1


async def test_a_question_that_fails_is_not_sent() -> None:
    async def fails() -> bool:
        raise LookupError

    with Wire.opened(TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert isinstance(await graph.post(SHOP, MESSAGES, HELLO, leave=fails), NotSent)
        assert wire.bodies == []


async def test_without_a_connection_nobody_is_asked() -> None:
    asked: list[bool] = []

    async def leave() -> bool:
        asked.append(True)
        return True

    async with to(f"http://127.0.0.1:{free_port()}") as graph:
        assert await graph.post(SHOP, MESSAGES, HELLO, leave=leave) == NO_CONNECTION
    assert not asked


async def test_a_caller_that_gives_up_takes_its_call_along() -> None:
    """Promise 3. Breaks when what waits to leave outlives who waits for the answer."""
    waits = asyncio.Event()
    may = asyncio.Event()

    async def leave() -> bool:
        waits.set()
        return await may.wait()

    with Wire.opened(TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            call = asyncio.create_task(graph.post(SHOP, MESSAGES, HELLO, leave=leave))
            await asyncio.wait_for(waits.wait(), 10)
            call.cancel()
            may.set()
            await eventually(call.done)
            assert wire.closed.acquire(timeout=10)
        assert wire.bodies == []
