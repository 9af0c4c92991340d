"""How far a backfill is, page by page, and where it goes on when it was ended; what the platform says is given here."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import pytest
from claiming import SHOP, shops

from kaiwa.dispatcher.backfill import Backfill, Progress
from kaiwa.meta.answers import Thread, ThreadMessage, ThreadPage
from kaiwa.runtime.errors import DependencyError

LOGIN = {"account_id": SHOP, "page_id": "page"}
PLACE = (
    "select threads, heard, cursor, finished_at is not null from dispatcher.backfills where account_id = $1"
)


def thread(customer: str, *, wrote: bool = True) -> Thread:
    said = ThreadMessage(f"m_{customer}", datetime.now(UTC), customer if wrote else "page", "Hello")
    return Thread(("page", customer), (said,))


PAGES = {
    None: ThreadPage((thread("c1"), thread("c2", wrote=False)), "two"),
    "two": ThreadPage((thread("c3"), Thread(("page", "c4", "c5"), ())), "three"),  # there are no groups
    "three": ThreadPage((thread("c6"),), None),
}


class Meta:
    """Lists `PAGES`, but for the one that is `away`, and notes what it was asked for."""

    def __init__(self, *, away: str = "") -> None:
        self.away = away
        self.asked: list[str | None] = []

    async def page(self, _: Any, after: str | None) -> ThreadPage | None:
        self.asked.append(after)
        return None if after == self.away else PAGES[after]


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with shops(database, [], []) as opened:
        yield opened


def backfill(db: asyncpg.Pool, meta: Meta) -> Backfill:
    return Backfill(db, cast("Any", meta), partitions=1)


async def test_each_page_is_learnt_with_the_place_of_the_next(db: asyncpg.Pool) -> None:
    """Broken by: progress that is told before it is durable, counts groups or one page alone, or leaves out the last."""
    told = [
        (done.threads, done.heard, *(await db.fetchrow(PLACE, SHOP) or ()))
        async for done in backfill(db, Meta()).run(cast("Any", LOGIN))
    ]
    assert told == [
        (2, 1, 2, 1, "two", False),
        (3, 2, 3, 2, "three", False),
        (4, 3, 4, 3, None, True),
    ]


async def test_a_run_goes_on_behind_the_last_page_that_was_learnt(db: asyncpg.Pool) -> None:
    """Meta does not list the third page, three times; the next run asks for nothing else, and the one after it for all.

    Broken by: a run that begins anew, forgets what was counted, or after its end never begins again.
    """
    meta = Meta(away="three")
    run = backfill(db, meta).run(cast("Any", LOGIN))
    told = [await anext(run), await anext(run)]
    with pytest.raises(DependencyError, match="goes on where it was"):
        await anext(run)
    assert (told, meta.asked) == ([Progress(2, 1), Progress(3, 2)], [None, "two", *["three"] * 3])

    for asked, progress in (
        (["three"], [Progress(4, 3)]),
        ([None, "two", "three"], [Progress(2, 1), Progress(3, 2), Progress(4, 3)]),
    ):
        meta = Meta()
        assert [done async for done in backfill(db, meta).run(cast("Any", LOGIN))] == progress
        assert meta.asked == asked
