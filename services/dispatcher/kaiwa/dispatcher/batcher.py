"""Many callers, one transaction: whatever waits when the last batch is done makes the next one."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Runs `work` on batches, so many at a time; a failure of a batch is raised to each of its callers.

    `apart`: seconds from the beginning of one to that of the next. The first of many waits for nobody, and those behind
    it share a transaction, where a steady stream would have one for each.
    """

    def __init__(
        self,
        work: Callable[[list[T]], Awaitable[list[R]]],
        *,
        most: int = 100,
        at_once: int = 1,
        apart: float = 0.0,
    ) -> None:
        self._work = work
        self._most = most
        self._at_once = at_once
        self._apart = apart
        self._next = 0.0
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    def submit(self, item: T) -> asyncio.Future[R]:
        """The result that belongs to `item`."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._workers) < self._at_once:
            worker = asyncio.create_task(self._run())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return future

    async def _run(self) -> None:
        while self._waiting:
            if (rest := self._next - time.monotonic()) > 0:
                await asyncio.sleep(rest)
                continue  # another worker may have begun with them
            self._next = time.monotonic() + self._apart
            size = min(self._most, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            try:
                results = await self._work([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - it is raised again, to everyone it concerns
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
