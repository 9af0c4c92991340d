"""Queues that wait until the events before their requests are applied."""

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kaiwa.dispatcher import knowledge
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.knowledge import Knowledge, needs

PLACE, OTHER = (Desk("shop", "text"), 1), (Desk("shop", "media"), 2)


def known(**more: Any) -> tuple[Knowledge, Any]:
    bell = Bell()
    ear = bell.ear()
    return Knowledge(cast("Any", more.get("pool")), bell), ear


def test_a_queue_is_rung_for_once_all_that_it_needs_is_applied() -> None:
    """Broken by: a partition that stands for the others, an offset too few, or a ring that is repeated."""
    knows, ear = known()
    knows.wait({PLACE: {1: 10, 2: 5}}, {PLACE: 3})
    assert knows.lacks({1: 10})
    for applied in ({1: 10}, {2: 4}, {3: 99}):
        knows.heard(applied)
        assert not ear.answered().joined
    knows.heard({2: 5})
    assert ear.answered().joined == Counter({PLACE: 3})
    knows.heard({2: 6})
    assert not ear.answered().joined
    assert not knows.lacks({1: 10, 2: 6})


def test_what_is_known_waits_for_nothing() -> None:
    """Broken by: a wait that begins after the news it is for; and by a late word of what was applied before."""
    knows, ear = known()
    knows.heard({1: 10})
    knows.heard({1: 9})
    knows.wait({PLACE: {1: 10}, OTHER: {1: 11}}, {PLACE: 1, OTHER: 1})
    assert ear.answered().joined == Counter({PLACE: 1})


async def test_what_others_apply_is_heard_of_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: looking at nothing but what this process applied."""
    looks = []

    async def applied(pool: Any) -> Any:
        looks.append(pool)
        yield {"partition": 1, "applied": 10}

    monkeypatch.setattr(knowledge, "_sql", SimpleNamespace(applied=applied))
    knows, ear = known(pool="the pool")
    running = asyncio.create_task(knows.run())
    knows.wait({PLACE: {1: 10}}, {PLACE: 2})
    async with asyncio.timeout(30):
        await ear.wait(30)
    running.cancel()
    assert (ear.answered().joined, looks) == (Counter({PLACE: 2}), ["the pool"])


async def test_what_never_comes_is_left_to_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: a list of waiting queues that grows while the events are behind."""

    async def applied(_: Any) -> Any:
        yield {"partition": 1, "applied": 9}

    monkeypatch.setattr(knowledge, "_sql", SimpleNamespace(applied=applied))
    monkeypatch.setattr(knowledge, "_PATIENCE", 0.0)
    knows, ear = known()
    running = asyncio.create_task(knows.run())
    knows.wait({PLACE: {1: 10}}, {PLACE: 2})
    async with asyncio.timeout(30):
        while knows._waiting:  # noqa: ASYNC110 - its own loop ends it
            await asyncio.sleep(0.01)
    running.cancel()
    assert not ear.answered().joined


@pytest.mark.parametrize(
    ("room", "end", "needed"),
    [
        ("another", 14, 10),  # the batch in hand says nothing of it
        ("another", 11, 10),
        ("another", 15, 15),  # what came after the batch may
        ("another", 10, 10),
        ("another", 4, 4),
        ("concerned", 14, 14),
        ("concerned", 10, 10),
    ],
)
def test_nobody_waits_for_what_is_seen_to_concern_others(room: str, end: int, needed: int) -> None:
    """Broken by: waiting for whatever is in the partition; or by taking for others' what was not seen."""
    knows, _ = known()
    assert knows.needed(("shop", room), 1, end) == end
    knows.reading({1: 10}, {1: 14}, {("shop", "concerned")})
    assert knows.needed(("shop", room), 1, end) == needed
    assert knows.needed(("shop", room), 2, end) == end


def row(lane: str, author: str, partition: int, end: int | None, **more: Any) -> dict[str, Any]:
    usual = {"account_id": "shop", "bucket": "text", "state": "queued"}
    return {**usual, "lane": lane, "author_kind": author, "partition": partition, "events_end": end, **more}


def test_a_queue_that_a_person_joins_waits_for_nothing() -> None:
    """Broken by: a person's message that is rung for only when automation's events are applied."""
    bots = [row("transactional", "automation", 1, 10), row("transactional", "automation", 2, 5)]
    assert needs(bots) == {PLACE: {1: 10, 2: 5}}
    assert needs([*bots, row("transactional", "human", 3, None)]) == {}
    assert needs([*bots, row("human", "human", 3, None)]) == {PLACE: {1: 10, 2: 5}}
    nowhere = [
        row("bulk", "automation", 1, None),
        row("bulk", "automation", -12, 9),
        row("bulk", "automation", 1, 9, state="refused"),
    ]
    assert needs(nowhere) == {}
