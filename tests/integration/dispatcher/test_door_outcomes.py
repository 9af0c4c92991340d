"""Outcomes over HTTP: each once, in the order of its conversation, and nobody else's."""

import asyncio
from typing import Any

import pytest
from asking import WITHIN
from dispatcher_rig import DispatcherRig
from door import DoorCaller

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def page(door: DoorCaller, key: str | None = None, **query: Any) -> dict[str, Any]:
    answer = await door.ask("GET", "/v1/outcomes", params=query, key=key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def until(
    door: DoorCaller, cursor: str, names: set[str], key: str | None = None, limit: int = 2
) -> list[dict[str, Any]]:
    """Everything from the cursor on, up to the end of these requests; pages are small, so that many are turned."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(WITHIN * 2):
        while names - {outcome["request_id"] for outcome in found if outcome["state"] == "sent"}:
            more = await page(door, key, after=cursor, wait=5, limit=limit)
            found, cursor = found + more["outcomes"], more["next"]
    return found


async def test_outcomes_come_in_their_order_and_once(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: a cursor that moves too far or not at all where a page is full."""
    people = await rig.customers(3)
    begin = (await page(door, wait=0))["next"]
    names = [await rig.ask(person, f"answer {n}") for person in people for n in range(3)]
    found = await until(door, begin, set(names))
    for name in names:
        seqs = [outcome["seq"] for outcome in found if outcome["request_id"] == name]
        assert seqs == sorted(set(seqs))
        assert seqs[0] == 1
    assert "It is" not in str(found)


async def test_a_key_hears_of_its_own_accounts(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: a page that is not filtered, or a cursor that stays where others' outcomes are."""
    mine, theirs = await rig.customers(2)
    key = await door.make("listener", f"--account={mine.account_id}")
    begin = (await page(door, key, wait=0))["next"]
    others = await rig.ask(theirs, "not for you")
    own = await rig.ask(mine, "for you")
    await rig.final(others)
    found = await until(door, begin, {own}, key)
    assert {outcome["account_id"] for outcome in found} == {mine.account_id}
    end = (await page(door, wait=0))["next"]
    assert (await page(door, key, after=begin, wait=0, limit=1000))["next"] == end


async def test_who_waits_is_answered_when_there_is_news(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: sleeping out the time, or answering at once with nothing."""
    person = await rig.customer()
    begin = (await page(door, wait=0))["next"]
    waiting = asyncio.create_task(page(door, after=begin, wait=25))
    name = await rig.ask(person, "soon")
    answered = await asyncio.wait_for(waiting, 15)
    mine = {o["request_id"] for o in answered["outcomes"] if o["account_id"] == person.account_id}
    assert mine == {name}


async def test_the_past_is_read_from_kafka(rig: DispatcherRig, door: DoorCaller) -> None:
    """A process that was started later knows nothing of what was before. Broken by: serving from memory alone."""
    person = await rig.customer()
    begin = (await page(door, wait=0))["next"]
    name = await rig.ask(person, "long ago")
    await rig.final(name)
    async with DoorCaller(rig, name="second-door", key=door.key) as second:
        found = await until(second, begin, {name})
        assert {outcome["request_id"] for outcome in found} == {name}
        earliest = await until(second, "earliest", {name}, limit=1000)
        assert [outcome for outcome in earliest if outcome["request_id"] == name] == found
    await rig.services["second-door"].terminate()


async def waiting_at(rig: DispatcherRig) -> float:
    lines = (await rig.metrics("door")).splitlines()
    return float(
        next(line.split()[1] for line in lines if line.startswith("kaiwa_dispatcher_door_waiting_size "))
    )


async def test_a_stop_does_not_wait_for_who_waits(rig: DispatcherRig, door: DoorCaller) -> None:
    """Broken by: a poll that holds the process up until it is killed. Another test's late outcome is no news here."""
    silent = await rig.customer()
    key = await door.make("patient", f"--account={silent.account_id}")
    waiting = asyncio.create_task(door.ask("GET", "/v1/outcomes?wait=30", key=key))
    async with asyncio.timeout(WITHIN):
        while await waiting_at(rig) < 1:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)
    began = asyncio.get_running_loop().time()
    assert await rig.services["door"].terminate() == 0
    assert asyncio.get_running_loop().time() - began < 20
    assert (await waiting).status_code == 200
    await door.reopen()


WRONG = [
    "after=",
    "after=nonsense",
    "after=0-0-0",
    "after=0-1.0-2",
    "after=999-0",
    "after=0-99999999999999999999",
    "wait=31",
    "wait=-1",
    "wait=nan",
    "wait=1.5",
    "limit=0",
    "limit=1001",
    "limit=many",
    "account=1",
]


async def test_wrong_queries(door: DoorCaller) -> None:
    for query in WRONG:
        answer = await door.ask("GET", f"/v1/outcomes?{query}")
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:kaiwa:problem:bad_query"), query
