"""Promises 6 and 8 in the dispatcher: content is sealed at any time, and an order takes it out of the database's files."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from conditions import eventually
from dispatcher_rig import HUMAN, DispatcherRig
from orders import later, order, receipt, sealed

from kaiwa.contracts.sends import Media, Message
from kaiwa.devstack.postgres import Postgres
from kaiwa.devstack.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLICE = 2
TEXT, PICTURE = "canary-in-the-text", "https://example.com/canary-in-the-address.jpg"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    name = f"erasures_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("erasures")
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        # The migration's own slices are as long as production's.
        await made.db.execute("select dispatcher.drop_slice(name) from dispatcher.slices")
        await made.dispatcher(KAIWA_DISPATCHER__CONTENT_SLICE=str(SLICE))
        yield made
    stack.drop_database(name)


async def on_disk(rig: DispatcherRig, stack: Stack, *needles: bytes, wal: bool = True) -> set[bytes]:
    """Which of these bytes stand anywhere in PostgreSQL's files: heap, index, TOAST, statistics and, with `wal`, the log."""
    if not isinstance(stack.postgres, Postgres):
        pytest.skip("the files of this server are somewhere else")
    await rig.db.execute("analyze")
    await rig.db.execute("checkpoint")
    folder = stack.postgres.data_dir if wal else stack.postgres.data_dir / "base"

    def scan() -> set[bytes]:
        found: set[bytes] = set()
        for path in folder.rglob("*"):
            try:
                content = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                continue  # dropped while we looked
            found |= {needle for needle in needles if needle in content}
        return found

    return await asyncio.to_thread(scan)


async def counted(rig: DispatcherRig, metric: str) -> float:
    """What the dispatcher's own metrics say; one without labels."""
    async with httpx.AsyncClient() as client:
        shown = (await client.get(f"{rig.urls['dispatcher']}/metrics")).text
    return next(float(line.split()[1]) for line in shown.splitlines() if line.startswith(f"{metric} "))


async def until(met: Callable[[], Any], *, within: float) -> None:
    async with asyncio.timeout(within):
        while not await met():  # noqa: ASYNC110 - the condition is in PostgreSQL
            await asyncio.sleep(0.2)


@asynccontextmanager
async def kept_slices(rig: DispatcherRig) -> AsyncIterator[None]:
    """A session reads the slices that there are, so that none of them goes."""
    holder = await asyncpg.connect(rig.dsn)
    try:
        async with holder.transaction():
            await holder.fetch("select intent_id from dispatcher.contents")
            yield
    finally:
        await holder.close()


async def test_what_stays_on_disk_is_seen_to_stay(rig: DispatcherRig) -> None:
    """A forgotten session keeps a slice. Breaks when the age is that of the slices, or of what has gone already."""
    person = await rig.customer()
    sent = await rig.ask(person, "already said", author=HUMAN)
    assert (await rig.final(sent)).state == "sent"
    async with kept_slices(rig):
        erasure_id = await order(rig, person, "customer", customer_id=person.customer_id)
        await receipt(rig, erasure_id)

        async def old() -> bool:
            return await counted(rig, "kaiwa_dispatcher_erased_on_disk_age_seconds") > 3 * SLICE + 6

        await until(old, within=60)

    async def gone() -> bool:
        return await counted(rig, "kaiwa_dispatcher_erased_on_disk_age_seconds") == 0

    await until(gone, within=60)


async def test_no_file_of_the_database_holds_plaintext(rig: DispatcherRig, stack: Stack) -> None:
    """Breaks when content or token is stored as it came, logged, or a statement's parameter reaches a file."""
    shop = await rig.account()
    person, token = rig.sim.customer(shop), shop.tokens["1001"]
    person.write("Is it in stock?")
    assert await rig.sim.settled()
    pending = await rig.ask(person, f"{TEXT} {'and more ' * 100}", author=HUMAN, not_before=later(hours=1))
    sent = [
        await rig.ask(person, f"{TEXT} {'and more ' * 300}", author=HUMAN),
        await rig.ask(person, author=HUMAN, message=Message(images=(Media(url=PICTURE),))),
    ]
    for request in sent:
        assert (await rig.final(request)).state == "sent"
    kept = await sealed(rig, pending)

    found = await on_disk(rig, stack, *kept, TEXT.encode(), PICTURE.encode(), token.encode())

    assert found == set(kept), "the ciphertext is there, so the search works, and nothing else is"


async def test_a_customers_erasure_empties_the_files(rig: DispatcherRig, stack: Stack) -> None:
    """Breaks when a pending request survives its customer's mark, when an order leaves a row, when a slice with an
    erased row is kept because another row of it is needed, when an order counts as off the disk before its bytes are.
    """
    person, neighbour = await rig.customers(2)
    pending = await rig.ask(person, "never to be said", author=HUMAN, not_before=later(hours=1))
    sent = await rig.ask(person, "already said", author=HUMAN)
    kept = await rig.ask(neighbour, "still to be said", author=HUMAN, not_before=later(hours=1))
    assert (await rig.final(sent)).state == "sent"
    await eventually(lambda: {pending, kept} <= rig.outcomes.keys())
    gone, others = await sealed(rig, pending, sent), await sealed(rig, kept)
    assert len(gone) == 2

    waiting = "select count(*) from dispatcher.erased where erasure_id = $1"
    async with kept_slices(rig):
        began = time.monotonic()
        erasure_id = await order(rig, person, "customer", customer_id=person.customer_id)
        outcome = await rig.final(pending)
        assert time.monotonic() - began < 5 + 10, "five seconds, and more for a loaded machine"
        assert (outcome.state, outcome.reason) == ("refused", "recipient_erased")
        assert await sealed(rig, pending, sent) == []
        done = await receipt(rig, erasure_id)
        assert (done.status, done.count) == ("done", 2)
        assert await counted(rig, "kaiwa_dispatcher_order_to_row_seconds_count") >= 1
        assert await rig.db.fetchval(waiting, erasure_id) == 1, "its bytes are there"
        before = await counted(rig, "kaiwa_dispatcher_order_to_heap_seconds_count")

    async def said_to_be_off_the_disk() -> bool:
        return bool(await rig.db.fetchval(waiting, erasure_id) == 0)

    await until(said_to_be_off_the_disk, within=60)
    assert not await on_disk(rig, stack, *gone, wal=False)

    async def counted_as_gone() -> bool:
        return await counted(rig, "kaiwa_dispatcher_order_to_heap_seconds_count") > before

    await until(counted_as_gone, within=60)
    assert await sealed(rig, kept) == others, "what is still needed has moved"


async def test_content_that_is_needed_for_long_moves_along(rig: DispatcherRig) -> None:
    """Breaks when a slice is dropped with what somebody still wants to send."""
    person = await rig.customer()
    request = await rig.ask(person, "patience", author=HUMAN, not_before=later(seconds=15 * SLICE))
    await eventually(lambda: request in rig.outcomes)
    stored = "select min(stored_at) from dispatcher.contents join dispatcher.intents using (intent_id) where request_id = $1"
    first = await rig.db.fetchval(stored, request)

    async def moved() -> bool:
        return bool(await rig.db.fetchval(stored, request) != first)

    await until(moved, within=12 * SLICE)
    assert (await rig.final(request, within=60)).state == "sent"
