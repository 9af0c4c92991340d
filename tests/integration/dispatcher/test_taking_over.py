"""What a person says through a busy account goes as it is taken in: it takes over what automation has claimed (0050)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import asyncpg
import pytest
from claiming import REQUEST, SHOP, Commits, Delivers, scheduler, shops
from taking import NOTHING_WAITS, OLDER, asked, intake_of

from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.claims import Taking
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.commitments import Claim
from kaiwa.dispatcher.core.agenda import Ask, Desk
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.dispatcher.slots import Slots, Want

DESK, BULK = Desk(SHOP, "text"), 2
FAR = "15 s"
CLAIMED = f"""
with claimed as (
    insert into dispatcher.intents (intent_id, account_id, request_id, customer_id, author_kind, lane, content_kind, pieces,
        state, requested_at, due_at, next_at, fence, lease_until, slot_at, bucket)
    values ('bulk', $1, 'bulk', 'c0', 'automation', 'bulk', 'text', 1, 'claimed', now(), now(), now(), 1, now() + interval
        '1 minute', now() + interval '{FAR}', 'text')
), held as (
    update dispatcher.conversations set in_flight = 'bulk' where account_id = $1 and customer_id = 'c0'
)
insert into dispatcher.buckets (account_id, class, tat) values ($1, 'text', now() + interval '20 s')
"""
TAKEN_OVER = """
select i.customer_id from dispatcher.intents as i
where i.state in ('claimed', 'sending') and i.account_id = $1 and i.slot_at = $2 and i.intent_id <> 'bulk'
"""
WAITS = """
select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
"""
NEW = "select i.xmin = c.xmin from dispatcher.intents as i join dispatcher.contents as c using (intent_id)"


@dataclass
class Flooded:
    """A bucket that is full, and automation that waits there."""

    db: asyncpg.Pool
    marker: Commits = field(default_factory=Commits)
    claims: list[Claim] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scheduling: Scheduler = scheduler(self.db, self.marker, Delivers(self.claims))
        self.scheduling._open = True  # and does not look: what happens is the intake's doing
        self.scheduling._agenda.join(DESK, BULK, 5)
        slots = self.scheduling._slots
        slots.opens[DESK] = 1e9
        slots.claiming.seconds = 100  # what a flood's claims take is no matter
        slots.near = lambda *_: True  # type: ignore[method-assign] # what is taken over is committed to by its claim
        bell = Bell()
        self.ear = bell.ear()
        self.sends = intake_of(self.db, self.scheduling, bell)

    async def bulk(self) -> asyncpg.Record:
        found = await self.db.fetchrow("select * from dispatcher.intents where intent_id = 'bulk'")
        assert found
        return found

    def known(self) -> int:
        """How much automation is known to wait."""
        return self.scheduling._agenda._others.waiting[DESK][BULK]


@pytest.fixture
async def flooded(database: str) -> AsyncIterator[Flooded]:
    async with shops(database, ["c0", "c1", "c2"], []) as db:
        await db.execute(NOTHING_WAITS, SHOP)
        await db.execute(CLAIMED, SHOP)
        yield Flooded(db)


async def test_a_slot_is_taken_over_in_the_transaction_that_takes_in(flooded: Flooded) -> None:
    """Broken by: a person who waits for the scheduler's turn because automation waits, or because the bucket is full."""
    slot = (await flooded.bulk())["slot_at"]
    await flooded.sends.handle([asked("c1")])
    assert [row["customer_id"] for row in await flooded.db.fetch(TAKEN_OVER, SHOP, slot)] == ["c1"]
    assert await flooded.db.fetchval(NEW)
    bulk = await flooded.bulk()
    assert (bulk["state"], bulk["fence"], flooded.known()) == ("queued", None, 6)
    assert (len(flooded.claims), flooded.ear.answered().joined) == (1, Counter())


async def test_who_was_left_by_another_process_goes_first(flooded: Flooded) -> None:
    """Broken by: an intake that claims what it has in hand, whoever else waits for the same bucket."""
    await flooded.db.execute(REQUEST, SHOP, "c1")
    await flooded.db.execute(OLDER, SHOP, "c1")
    slot = (await flooded.bulk())["slot_at"]
    await flooded.sends.handle([asked("c2")])
    assert [row["customer_id"] for row in await flooded.db.fetch(TAKEN_OVER, SHOP, slot)] == ["c1"]
    assert flooded.ear.answered().joined == {(DESK, 0): 1}


@pytest.mark.parametrize("why", ["a person waits", "others have that bucket, too"])
async def test_it_is_left_to_the_scheduler(flooded: Flooded, why: str) -> None:
    """Broken by: overtaking a person; or waiting, with all that was taken in, for locks that other processes hold."""
    if why == "a person waits":
        flooded.scheduling._agenda.join(DESK, 0, 1)
    else:
        flooded.scheduling._slots._shared.add(DESK)
    await flooded.sends.handle([asked("c1")])
    assert (flooded.claims, (await flooded.bulk())["state"]) == ([], "claimed")
    assert flooded.ear.answered().joined == {(DESK, 0): 1}


async def test_an_intake_waits_for_no_claims_of_its_scheduler(flooded: Flooded) -> None:
    """Broken by: a batch, with other accounts' messages in it, that stands behind the lock of the busiest bucket."""
    await flooded.db.execute(REQUEST, SHOP, "c2")
    await flooded.db.execute(OLDER, SHOP, "c2")
    flooded.marker.may.clear()
    turn = asyncio.create_task(flooded.scheduling._begin([Ask(DESK, 0, 1)]))
    async with asyncio.timeout(30):
        await flooded.marker.begun.wait()
        await flooded.sends.handle([asked("c1")])
        assert flooded.ear.answered().joined == {(DESK, 0): 1}
        flooded.marker.may.set()
        await turn
    assert len(flooded.claims) == 1


async def test_who_gets_nothing_waits_and_asks_no_more(flooded: Flooded) -> None:
    """Broken by: a bucket that is asked in vain by each batch, or a message that nobody hears of."""
    await flooded.db.execute("update dispatcher.intents set state = 'sending' where intent_id = 'bulk'")
    await flooded.sends.handle([asked("c1")])
    assert flooded.claims == []
    heard = flooded.ear.answered().joined
    assert heard == {(DESK, 0): 1}
    flooded.scheduling._join(heard)
    assert flooded.scheduling.at_once({(DESK, 0): 1}) == []
    assert flooded.scheduling._agenda.plan(10, 10, 0) == []


async def test_what_could_not_be_committed_to_has_overtaken_nobody(flooded: Flooded) -> None:
    """Broken by: a claim that was rolled back, and an agenda that was told of what it had overtaken."""
    flooded.marker._failing = True
    before = await flooded.bulk()
    await flooded.sends.handle([asked("c1")])
    assert flooded.marker.asked, "it was tried"
    assert (await flooded.bulk(), flooded.known(), flooded.claims) == (before, 5, [])
    assert flooded.ear.answered().joined == {(DESK, 0): 1}


async def test_the_agenda_hears_of_what_was_overtaken_once_it_is_in_the_queue(flooded: Flooded) -> None:
    """Broken by: another claim that ends meanwhile and tells it: who asks then finds nothing, and forgets it."""
    flooded.marker.may.clear()
    intake = asyncio.create_task(flooded.sends.handle([asked("c1")]))
    async with asyncio.timeout(30):
        await flooded.marker.begun.wait()
    flooded.scheduling.begin(Taking([], [], [], {}, frozenset(), Counter()))
    meanwhile = flooded.known()
    flooded.marker.may.set()
    await intake
    assert (meanwhile, flooded.known()) == (5, 6)


async def test_waiting_for_a_bucket_makes_nobody_slower(flooded: Flooded) -> None:
    """Broken by: a lead that holds what a hot bucket's lock was waited for: everybody's slots would begin later."""
    async with flooded.db.acquire() as other:
        async with other.transaction():
            await other.execute("select from dispatcher.buckets where account_id = $1 for update", SHOP)
            intake = asyncio.create_task(flooded.sends.handle([asked("c1")]))
            async with asyncio.timeout(30):
                while not await flooded.db.fetchval(WAITS):  # noqa: ASYNC110 - the event is in PostgreSQL
                    await asyncio.sleep(0.02)
            held_until = asyncio.get_running_loop().time()
        await intake
    (claim,) = flooded.claims
    assert claim.since >= held_until


def test_people_who_ask_alone_leave_automation_what_it_is_owed() -> None:
    """Broken by: sharing out slots among those who ask as if nobody else had been promised any."""
    slots = Slots(cast("asyncpg.Pool", None), DatabaseClock())
    slots._credit[DESK] = {BULK: 0.9}
    assert slots._chosen(DESK, [Want(DESK, 0)] * 3, [0, 1, 2], 1) == [0]
    assert slots._credit == {DESK: {BULK: 0.9}}
