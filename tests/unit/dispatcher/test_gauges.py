"""How old the oldest of everything is, also while nobody can look."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kaiwa.dispatcher import gauges
from kaiwa.dispatcher.gauges import Gauges
from kaiwa.runtime.metrics import ages
from kaiwa.runtime.metrics.registry import DISPATCHER

AGES = {
    "kaiwa_dispatcher_in_doubt_age_seconds": {},
    "kaiwa_dispatcher_queue_age_seconds": {"lane": "human"},
    "kaiwa_dispatcher_content_age_seconds": {},
    "kaiwa_dispatcher_content_slice_age_seconds": {},
    "kaiwa_dispatcher_erased_on_disk_age_seconds": {},
}


class Database:
    """Everything in it is as old as it says, or it cannot be reached."""

    age: float | None = 100.0

    async def gauges(self, _: object) -> dict[str, Any]:
        if self.age is None:
            raise OSError
        ages = {"doubt_age": self.age, "queue_ages": {"human": self.age}}
        return {**ages, "in_doubt": 1, "outbox": 0, "accounts": {}}

    async def content_age(self, _: object) -> float:
        if self.age is None:
            raise OSError
        return self.age

    async def troubles(self, _: object) -> dict[str, int]:
        return {}

    async def usage(self, _: object) -> AsyncIterator[dict[str, Any]]:
        yield {"scope": "app", "ratio": 0.0}

    async def oldest(self) -> float | None:
        return self.age

    async def erased(self) -> tuple[list[float], float | None]:
        return [], self.age


async def test_ages_grow_while_nobody_can_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: gauges that stand still with their loop, which KaiwaDoubtLasts would never see grow; ages that are shown
    only once something was seen.
    """
    database, clock = Database(), SimpleNamespace(now=0.0)
    monkeypatch.setattr(gauges, "_sql", database)
    monkeypatch.setattr(ages, "_now", lambda: clock.now)
    slices = cast("Any", SimpleNamespace(age=database.oldest, erased=database.erased))
    looks = Gauges(cast("Any", None), slices)

    async def look() -> None:
        seen = await asyncio.gather(looks.once(), looks.look_through(), return_exceptions=True)
        for failure in filter(None, seen):
            raise failure

    def shown() -> set[float | None]:
        return {DISPATCHER.get_sample_value(name, labels) for name, labels in AGES.items()}

    clock.now = 1030.0
    assert DISPATCHER.get_sample_value("kaiwa_dispatcher_in_doubt_age_seconds") == 1000.0
    await look()
    clock.now += 29.0  # as long as the next look is not overdue, what the last one saw stands
    assert shown() == {100.0}
    database.age = None
    with pytest.raises(OSError, match=r"^$"):
        await look()
    clock.now += 1001.0
    assert shown() == {1100.0}
    database.age = 0.0
    await look()
    assert shown() == {0.0}
