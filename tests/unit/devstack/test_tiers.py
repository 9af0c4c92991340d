import asyncio
import socket

import pytest
from pytest_socket import SocketBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")  # pytest-socket warns before it raises
def test_the_pure_tiers_open_no_socket() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket()


async def test_the_event_loop_works_without() -> None:
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: 7) == 7
