"""The bell of a process: who has written something rings it, so that those who wait for it need not keep looking."""

import asyncio
from collections.abc import Iterable


class Ear:
    """One who waits: it remembers for which accounts the bell was rung since it last answered."""

    def __init__(self) -> None:
        self._accounts: set[str] = set()
        self._rung = asyncio.Event()

    def hear(self, accounts: Iterable[str] = ()) -> None:
        self._accounts.update(accounts)
        self._rung.set()

    def answered(self) -> set[str]:
        """The accounts that it was rung for since the last answer."""
        rung, self._accounts = self._accounts, set()
        self._rung.clear()
        return rung

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

    def ring(self, accounts: Iterable[str]) -> None:
        """Something of these accounts was committed: it may go, and callers may be told."""
        rung = set(accounts)
        for ear in self._ears:
            ear.hear(rung)
