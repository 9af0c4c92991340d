"""The bell of a process: who has written something rings it, so that those who wait for it need not keep looking."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kaiwa.dispatcher.queues import Place


class Rung(NamedTuple):
    """What the bell was rung for: accounts that are worth a look, and queues that so many conversations have joined."""

    accounts: set[str]
    joined: Counter[Place]


class Ear:
    """One who waits: it remembers what the bell was rung for since it last answered."""

    def __init__(self) -> None:
        self._heard = Rung(set(), Counter())
        self._rung = asyncio.Event()

    def hear(self, accounts: Iterable[str] = (), joined: Mapping[Place, int] | None = None) -> None:
        self._heard.accounts.update(accounts)
        self._heard.joined.update(joined or {})
        self._rung.set()

    def answered(self) -> Rung:
        """What it was rung for since the last answer."""
        heard, self._heard = self._heard, Rung(set(), Counter())
        self._rung.clear()
        return heard

    async def wait(self, seconds: float) -> None:
        """Until it is rung, or so long."""
        if seconds > 0 and not self._rung.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self._rung.wait()
            except TimeoutError:
                return


class Bell:
    def __init__(self) -> None:
        self._ears: list[Ear] = []

    def ear(self) -> Ear:
        """For one who wants to hear it from now on."""
        self._ears.append(ear := Ear())
        return ear

    def ring(self, accounts: Iterable[str] = (), *, joined: Mapping[Place, int] | None = None) -> None:
        """Something was committed: callers may be told, and it may go, in these queues, and in whichever there are of
        these accounts.
        """
        rung = set(accounts)
        for ear in self._ears:
            ear.hear(rung, joined)
