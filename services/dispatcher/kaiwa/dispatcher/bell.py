"""The bell of a process: who has written something that may be sent rings it, so that the scheduler need not keep looking."""

import asyncio
from collections.abc import Iterable


class Bell:
    def __init__(self) -> None:
        self._accounts: set[str] = set()
        self._rung = asyncio.Event()

    def ring(self, accounts: Iterable[str] = ()) -> None:
        """Something of these accounts may go, or there is room for more calls."""
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
