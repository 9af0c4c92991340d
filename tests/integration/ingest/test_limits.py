"""Each limit of ingest, at the door of the real process: cut or refused at once, counted, and memory stays flat."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from deliveries import body, entry, text
from doors import PATH, Door
from slow import SlowSender

from kaiwa.devstack.stack import Stack

MIB = 1024 * 1024
DELIVERY = body(entry(text("m1")))

Opened = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def opened(stack: Stack, tmp_path: Path) -> Opened:
    """Ingest with limits of the test's own. Nothing here needs Kafka: what is refused never gets there."""

    def with_limits(**limits: float) -> AbstractAsyncContextManager[Door]:
        env = {f"KAIWA_INGEST__MAX_{name.upper()}": str(value) for name, value in limits.items()}
        return Door.opened(stack.keeper, "127.0.0.1:9", tmp_path, **env)

    return with_limits


@pytest.fixture
async def strict(opened: Opened) -> AsyncIterator[Door]:
    async with opened(body_bytes=1000, requests_in_flight=2, body_seconds=1.4) as door:
        yield door


async def outcome(door: Door, name: str) -> float:
    return await door.metric(f'kaiwa_ingest_webhooks_total{{outcome="{name}"}}')


async def test_body_size(strict: Door) -> None:
    assert (await strict.post(b"x" * 1001)).status_code == 413
    assert (await strict.post(b"x" * 1000)).status_code == 503  # away is only said to the well-behaved
    undeclared = await strict.http.post(PATH, content=pieces())
    assert (undeclared.status_code, undeclared.headers["connection"]) == (413, "close")
    assert await outcome(strict, "too_large") == 2


async def pieces() -> AsyncIterator[bytes]:
    """A body of 1,200 bytes in chunks."""
    for _ in range(3):
        yield b"x" * 400


async def test_a_slow_sender_is_cut(strict: Door) -> None:
    """With the time a publish may take the answer still comes within Meta's five seconds."""
    started = time.monotonic()
    sender = await SlowSender.opened(strict.url, DELIVERY)
    answer = asyncio.create_task(sender.status())
    while not answer.done():
        await sender.send(1)  # however diligently: the whole counts, not the gap
        await asyncio.wait([answer], timeout=0.05)
    assert answer.result() == 408
    assert time.monotonic() - started < 5
    assert await outcome(strict, "too_slow") == 1
    await sender.close()


async def test_requests_in_flight(strict: Door) -> None:
    senders = [await SlowSender.opened(strict.url, DELIVERY) for _ in range(2)]
    while await strict.metric("kaiwa_ingest_requests_open") < 2:  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.01)
    answer = await strict.post(DELIVERY)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert await outcome(strict, "overloaded") == 1
    assert (await strict.challenge()).status_code == 200
    assert [await sender.status() for sender in senders] == [408, 408]
    assert await strict.metric("kaiwa_ingest_requests_open") == 0
    assert await strict.metric("kaiwa_ingest_in_flight_bytes") == 0
    for sender in senders:
        await sender.close()


async def test_connections(opened: Opened) -> None:
    async with opened(connections=4) as door:
        await door.challenge()  # one of the four is the test's own
        senders = [await SlowSender.opened(door.url, DELIVERY) for _ in range(5)]
        answers = sorted([await sender.status() for sender in senders])
        assert answers == [0, 0, 408, 408, 408]
        assert await door.metric("kaiwa_connections_refused_total") == 2
        for sender in senders:
            await sender.close()
        async with httpx.AsyncClient(base_url=door.url, trust_env=False) as another:
            assert (await another.get("/livez")).status_code == 200


async def test_memory_stays_flat_under_overload(opened: Opened) -> None:
    """Sixty-four senders of 8 MiB, four waves of them, at a door that may hold 16 MiB: two are let in at a time.

    Broken by reading bodies before they are admitted, or by counting them as they come in.
    """
    async with opened(bytes_in_flight=16 * MIB, body_seconds=1.0) as door:
        before = resident(door)
        peaks = [await wave(door) for _ in range(4)]
        assert await outcome(door, "overloaded") > 128
        assert max(peaks) - before < 5 * 16 * MIB
        assert max(peaks[2:]) < max(peaks[:2]) + 16 * MIB


async def wave(door: Door) -> int:
    """Many large bodies at once, each but for its last byte; the most memory that was held meanwhile."""
    delivery = body(entry(text("m1", "x" * (8 * MIB - 1000))))
    senders = [asyncio.create_task(all_but_the_end(door, delivery)) for _ in range(64)]
    peak = 0
    while not all(sender.done() for sender in senders):
        peak = max(peak, resident(door))
        await asyncio.wait(senders, timeout=0.05)
    assert {sender.result() for sender in senders} <= {408, 503}
    return peak


async def all_but_the_end(door: Door, delivery: bytes) -> int:
    sender = await SlowSender.opened(door.url, delivery)
    sending = asyncio.create_task(sender.send(len(delivery) - 1))
    status = await sender.status()
    sending.cancel()
    await asyncio.wait([sending])
    await sender.close()
    return status


def resident(door: Door) -> int:
    """Bytes of memory that the process holds."""
    lines = Path(f"/proc/{door.process.pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024
