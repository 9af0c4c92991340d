"""The webhook side: signed, batched notifications, sent again until a 200 answers (platform notes, 1.3 to 1.5).

Order holds within one body only. Between notifications nothing is promised: several are in flight, some are held
back (`reorder`), some come twice (`duplicate`), and each attempt carries a new `entry.time`.
"""

import asyncio
import random
from collections.abc import Coroutine, Iterable
from typing import Self

import aiohttp
import msgspec

from kaiwa.meta.signatures import sign
from kaiwa.meta.wire import dump
from kaiwa.simulator import callbacks
from kaiwa.simulator.books import Event
from kaiwa.simulator.callbacks import Answered, Wish
from kaiwa.simulator.clock import Clock
from kaiwa.simulator.faults import Script
from kaiwa.simulator.items import Json, ms
from kaiwa.simulator.model import Host
from kaiwa.simulator.progress import Progress
from kaiwa.simulator.state import State

Channel = tuple[str, Host]
"""An app and the product whose secret signs: one notification never mixes two."""


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How notifications travel; times in seconds. Meta's own gaps are far longer."""

    batch: int = 20
    linger: float = 0.01
    in_flight: int = 8
    timeout: float = 5.0
    first_gap: float = 0.2
    longest_gap: float = 5.0
    duplicate: float = 0.0
    reorder: float = 0.0
    hold: float = 0.3

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= 1000:  # noqa: PLR2004 - the platform's own bound (section 1.5)
            raise ValueError("batch is 1 to 1000")
        if self.in_flight < 1:
            raise ValueError("in_flight is at least 1")


class Delivery:
    """Delivers what is submitted until it is acknowledged; an async context manager owns its tasks."""

    def __init__(
        self,
        state: State,
        script: Script,
        clock: Clock,
        progress: Progress,
        *,
        settings: DeliverySettings,
        seed: int | None,
    ) -> None:
        self._state = state
        self._script = script
        self._clock = clock
        self._progress = progress
        self._settings = settings
        self._random = random.Random(seed)  # noqa: S311 - a simulator repeats itself from its seed
        self._queues: dict[Channel, asyncio.Queue[Event]] = {}
        self._slots = asyncio.Semaphore(settings.in_flight)
        self._tasks: set[asyncio.Task[None]] = set()
        self._dropped: set[int] = set()
        self.pending = 0

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self._settings.timeout)
        self._http = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.close()

    def submit(self, events: Iterable[Event]) -> None:
        """Take events for delivery, each with the fault that it meets on its way."""
        for event in events:
            fault = self._script.for_event(event.account_id, event.kind, event.text or "")
            copies, delay = 1, event.delay
            match fault.effect if fault else None:
                case "lose":
                    event.lost = True
                    continue
                case "duplicate":
                    copies = 2
                case "drop_first":
                    self._dropped.add(event.n)
                case "delay":
                    delay += fault.seconds if fault else 0.0
                case _:
                    pass
            for _ in range(copies):
                self.pending += 1
                if delay > 0:
                    self._spawn(self._enqueue_later(delay, event))
                else:
                    self._enqueue(event)

    async def _enqueue_later(self, delay: float, event: Event) -> None:
        await asyncio.sleep(delay)
        self._enqueue(event)

    def _enqueue(self, event: Event) -> None:
        channel = event.app_id, event.login
        if channel not in self._queues:
            self._queues[channel] = asyncio.Queue()
            self._spawn(self._drain(channel))
        self._queues[channel].put_nowait(event)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, channel: Channel) -> None:
        queue = self._queues[channel]
        while True:
            batch = [await queue.get()]
            size = self._random.randint(1, self._settings.batch)
            if queue.qsize() < size:
                await asyncio.sleep(self._settings.linger)
            while len(batch) < size and not queue.empty():
                batch.append(queue.get_nowait())
            self._spawn(self._notify(channel, batch))

    async def _notify(self, channel: Channel, batch: list[Event]) -> None:
        if self._random.random() < self._settings.reorder:
            await asyncio.sleep(self._random.uniform(0, self._settings.hold))
        gap = self._settings.first_gap
        while not await self._attempt(channel, batch):
            await asyncio.sleep(gap * self._random.uniform(0.8, 1.2))
            gap = min(gap * 2, self._settings.longest_gap)
        self.pending -= len(batch)
        again = self._random.random() < self._settings.duplicate
        self._progress.tick()
        if again:
            await self._attempt(channel, batch)

    async def _attempt(self, channel: Channel, batch: list[Event]) -> bool:
        """One POST; True when it was answered 200 in time, which acknowledges every item of it."""
        for event in batch:
            event.attempts += 1
        if dropped := self._dropped.intersection(event.n for event in batch):
            self._dropped -= dropped
            return False
        async with self._slots:
            acknowledged = await self._post(channel, notification(batch, self._clock.now()))
        if acknowledged:
            for event in batch:
                event.acknowledged_at = event.acknowledged_at or self._clock.now()
        self._progress.tick()
        return acknowledged

    async def _post(self, channel: Channel, body: bytes) -> bool:
        app_id, login = channel
        app = self._state.apps[app_id]
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": sign(app.secret_for(login), body),
        }
        try:
            async with self._http.post(
                app.callback_url or "", data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status == 200  # noqa: PLR2004 - the one status that acknowledges
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def ask(self, app_id: str, user_id: str, wish: Wish, login: Host) -> Answered:
        """POST a person's wish once: Meta does not say that it tries again."""
        app = self._state.app(app_id)
        form = callbacks.form(app, login, user_id, int(self._clock.now()))
        try:
            async with self._http.post(
                callbacks.address(app, wish), data=form, allow_redirects=False
            ) as answer:
                return callbacks.answered(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Answered(status=0)

    async def handshake(self, app_id: str) -> bool:
        """The GET that Meta makes when a callback is configured (section 1.2)."""
        app = self._state.apps[app_id]
        challenge = str(self._random.randint(10**9, 10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": app.verify_token or "",
        }
        try:
            async with self._http.get(app.callback_url or "", params=query, allow_redirects=False) as answer:
                return answer.status == 200 and await answer.text() == challenge  # noqa: PLR2004 - as Meta asks
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def notification(batch: list[Event], now: float) -> bytes:
    """The body of one notification. `entry.time` is when it is sent: seconds for changes, else milliseconds."""
    entries: dict[tuple[str, bool], Json] = {}
    for event in batch:
        changes = event.stream == "changes"
        entry = entries.setdefault(
            (event.account_id, changes),
            {"id": event.account_id, "time": int(now) if changes else ms(now)},
        )
        entry.setdefault(event.stream, []).append(event.item)
    return dump({"object": "instagram", "entry": list(entries.values())})
