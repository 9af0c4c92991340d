"""Windows that no event told of: the thread is asked once, within the Conversations API's limit, and then it is decided."""

import asyncio
import json

import pytest
from asking import WITHIN
from conditions import eventually
from dispatcher_rig import HUMAN, DispatcherRig
from unheard import unheard

from kaiwa.simulator.books import Read
from kaiwa.simulator.model import Account

pytestmark = pytest.mark.asyncio(loop_scope="module")


def readings(rig: DispatcherRig, shop: Account) -> list[Read]:
    """Of threads; that the account is asked about by itself now and then is another matter."""
    return [
        read for read in rig.sim.books.reads if read.account_id == shop.account_id and read.fields != "id"
    ]


def reads(rig: DispatcherRig, shop: Account) -> int:
    return len(readings(rig, shop))


@pytest.mark.parametrize(
    ("hours_ago", "ended"),
    [
        (1, ("sent", None, None)),
        (30, ("sent", None, "HUMAN_AGENT")),
        (8 * 24, ("refused", "window_closed", None)),
        (None, ("refused", "window_closed", None)),
    ],
)
@pytest.mark.parametrize("login", ["facebook", "instagram"])
async def test_the_thread_says_what_no_event_told(
    rig: DispatcherRig, hours_ago: float | None, ended: tuple[str, str | None, str | None], login: str
) -> None:
    """Promise 4. Breaks when an unknown window is refused unasked, when the shop's own messages open it, or when the
    thread is asked again for each request.
    """
    shop = await rig.account(human_agent=True, login=login)
    person = await unheard(rig, shop, hours_ago=hours_ago)
    outcomes = [await rig.final(await rig.ask(person, f"said {n}", author=HUMAN)) for n in range(3)]

    assert {(outcome.state, outcome.reason, outcome.tag) for outcome in outcomes} == {ended}
    assert reads(rig, shop) == 1
    assert not [call for call in rig.sim.books.violations() if call.account_id == shop.account_id]


async def test_what_nobody_could_read_once_is_read_for_a_later_request(rig: DispatcherRig) -> None:
    """Broken by: readings that failed while Meta was away, and close the window for ever."""
    shop = await rig.account()
    person = await unheard(rig, shop, hours_ago=None)
    first = await rig.final(await rig.ask(person, "before", author=HUMAN))
    assert (first.reason, reads(rig, shop)) == ("window_closed", 1)
    await rig.db.execute(
        "update dispatcher.conversations set look_failures = 5 where account_id = $1", shop.account_id
    )
    rig.sim.fault("lose", account_id=shop.account_id, times=1)
    person.write("Is it in stock?")
    assert await rig.sim.settled()

    assert (await rig.final(await rig.ask(person, "after", author=HUMAN))).state == "sent"
    assert reads(rig, shop) == 2
    failures = "select look_failures from dispatcher.conversations where account_id = $1"
    assert await rig.db.fetchval(failures, shop.account_id) == 0


async def test_many_unknown_windows_stay_within_the_limit_of_reads(rig: DispatcherRig) -> None:
    """Promise 5: two reads a second, those of messages in doubt among them. Breaks when a reading takes no slot."""
    shop = await rig.account()
    people = [await unheard(rig, shop) for _ in range(6)]
    for person in people[:2]:
        rig.sim.fault("reset", marker=f"doubt {person.customer_id}", when="after", times=1)
        rig.sim.fault("lose", marker=f"doubt {person.customer_id}", times=1)
    requests = [await rig.ask(person, f"doubt {person.customer_id}", author=HUMAN) for person in people]
    outcomes = await asyncio.gather(*(rig.final(request) for request in requests))

    assert [outcome.evidence for outcome in outcomes] == ["thread"] * 2 + ["answer"] * 4
    assert rig.sim.books.peak(shop.account_id, rate="read") <= 2
    assert [read.code for read in readings(rig, shop)] == [None] * 8


async def test_a_backfill_goes_on_where_it_was_ended(rig: DispatcherRig) -> None:
    """Thirty threads are two pages; the first run dies after one. Breaks when the place is not kept in the transaction
    that learns, when a page is read twice, or when what was learnt is asked for again.
    """
    shop = await rig.account()
    people = [await unheard(rig, shop) for _ in range(30)]
    rig.sim.customer(shop).hear("We wrote first")
    assert await rig.sim.settled()

    rig.env["KAIWA_CRASH_AT"] = "dispatcher.page_backfilled"
    died = await rig.kaiwa("conversations", "backfill", shop.account_id, check=False)
    del rig.env["KAIWA_CRASH_AT"]
    assert (died.returncode, reads(rig, shop)) == (-9, 1)
    done = json.loads((await rig.kaiwa("conversations", "backfill", shop.account_id, "--json")).stdout)

    assert (done["threads"], done["heard"], done["unheard"], reads(rig, shop)) == (31, 30, 1, 2)
    assert "30 days" in done["not_returned"]
    for person in (people[0], people[-1]):
        assert (await rig.final(await rig.ask(person, "known", author=HUMAN))).state == "sent"
    assert reads(rig, shop) == 2
    unknown = await rig.kaiwa("conversations", "backfill", "404", check=False)
    assert (unknown.returncode, unknown.stdout) == (1, "")


async def test_a_backfill_shares_the_limit_of_reads(rig: DispatcherRig) -> None:
    """Promise 5, by arrival: five pages of a command beside the threads that a dispatcher reads, two a second together.

    Breaks when a page takes no slot, or takes it of a bucket that is the command's own.
    """
    shop = await rig.account()
    people = [await unheard(rig, shop, hours_ago=8 * 24) for _ in range(4)]
    for _ in range(100):
        rig.sim.customer(shop).hear("We wrote first")
    assert await rig.sim.settled()
    running = asyncio.create_task(rig.kaiwa("conversations", "backfill", shop.account_id, "--json"))
    await eventually(lambda: reads(rig, shop) > 0, within=WITHIN)
    requests = [await rig.ask(person, "beside it", author=HUMAN) for person in people]
    done = json.loads((await running).stdout)
    for request in requests:  # to be answered, and so to come first in the next page, would move all others
        assert (await rig.final(request)).reason == "window_closed"

    assert (done["threads"], done["heard"]) == (104, 4)
    assert reads(rig, shop) == 5 + 4
    assert rig.sim.books.peak(shop.account_id, rate="read") <= 2
    assert {read.code for read in readings(rig, shop)} == {None}
