"""Connections that are used again and die: a call over one of them arrives once or not at all, and says so."""

import asyncio

import pytest
from calls import ACCEPTED, HELLO, SHOP, TAKEN, to
from wire import Turn, Wire, close, raw, reset, says

from kaiwa.meta.answers import Accepted, Lost, NotSent


async def test_a_connection_is_used_again() -> None:
    """What the tests below stand on."""
    with Wire.opened(TAKEN, TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert [await graph.send(SHOP, HELLO) for _ in range(2)] == [ACCEPTED] * 2
        assert wire.closed.acquire(timeout=10)
        assert not wire.closed.acquire(blocking=False)


@pytest.mark.parametrize("breaks", [reset, close, raw(b"HTTP/1.1 2")])
async def test_a_used_connection_that_breaks_off_with_a_request_in_it(breaks: Turn) -> None:
    """Promise 3. Breaks when the transport makes such a call again, as HTTP clients do for idempotent methods."""
    with Wire.opened(TAKEN, breaks, TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert await graph.send(SHOP, HELLO) == ACCEPTED
            assert isinstance(await graph.send(SHOP, HELLO), Lost)
        assert len(wire.bodies) == 2


@pytest.mark.parametrize("breaks", [reset, close])
async def test_a_used_connection_that_the_server_closed_unseen(breaks: Turn) -> None:
    """Promise 3: it is closed while this loop does not run, so the next call may be written into it. It is lost then,
    or goes over a new connection; it never arrives twice, and what arrived is never called not sent.
    """
    answer = says("200 OK", b'{"recipient_id":"1111","message_id":"m1"}', then=breaks)
    with Wire.opened(answer, TAKEN, TAKEN) as wire:
        async with to(f"http://{wire.address}") as graph:
            assert await graph.send(SHOP, HELLO) == ACCEPTED
            assert wire.closed.acquire(timeout=10)  # blocks the loop: nobody tells the client
            second = await graph.send(SHOP, HELLO)
        arrived = len(wire.bodies) - 1
        assert (isinstance(second, Lost) and arrived == 0) or (second == ACCEPTED and arrived == 1)


async def test_many_calls_over_dying_connections_arrive_once_each() -> None:
    """Promise 3: every third connection dies with a request in it. Breaks when any of them is made again."""
    turns = [TAKEN, TAKEN, reset] * 20
    with Wire.opened(*turns) as wire:
        async with to(f"http://{wire.address}", connections=4) as graph:
            answers = await asyncio.gather(*(graph.send(SHOP, {"n": n}) for n in range(4)))
            for n in range(4, 60):
                answers.append(await graph.send(SHOP, {"n": n}))
        assert len(wire.bodies) == len(set(wire.bodies))
        assert sum(isinstance(answer, Accepted) for answer in answers) == 40
        assert not [answer for answer in answers if isinstance(answer, NotSent)]
