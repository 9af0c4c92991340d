"""A storm over the dispatcher: requests, faults on both of Meta's sides, and processes that die, freeze and restart.

Everything is drawn from a seed; what happens when is the machine's business. The simulator's books are the judge.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from asking import WITHIN
from dispatcher_rig import DispatcherRig
from lazy_postgres import make_lazy
from storm_evidence import Asked, Evidence
from storm_faults import FAULTS
from wrong_moments import stalled, wrong_clock

from kaiwa.bus.errors import PublishFailed
from kaiwa.contracts import ids
from kaiwa.contracts.outcomes import FINAL, Outcome
from kaiwa.contracts.sends import Author, Media, Message, Recipient
from kaiwa.devstack.processes import last_line
from kaiwa.devstack.stack import Stack
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.model import Account
from kaiwa.simulator.simulator import Person

POINTS = (
    "dispatcher.claimed",
    "dispatcher.sending_committed",
    "dispatcher.answered",
    "dispatcher.between_parts",
    "dispatcher.outbox_published",
)
NAMES = ("one", "two", "three")
LEASE = 3.0  # seconds, as the rig sets it
DELIVERY = DeliverySettings(
    first_gap=0.05, longest_gap=0.5, linger=0.01, duplicate=0.1, reorder=0.2, hold=0.5
)
SETTINGS = {"KAIWA_DISPATCHER__HUMAN_HOLD": "1"}
DAY = 86_400
MARGIN = 90
TIGHT, WIDE = 5, 50  # messages a second


@dataclass
class Storm:
    rig: DispatcherRig
    stack: Stack
    seed: int
    asked: list[Asked] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    closing: list[Person] = field(default_factory=list)
    comments: list[tuple[str, Person]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._photographed: set[str] = set()

    async def open(self, *, limit: int, customers: int) -> Account:
        """A shop with a limit of messages a second, and customers who have just written to it."""
        shop = await self.rig.account(
            entry={"limits": {"text_per_second": limit}},
            limits={"text_per_second": limit},
            human_agent=True,
        )
        for _ in range(customers):
            person = self.rig.sim.customer(shop)
            person.write("Hello")
            self.people.append(person)
        return shop

    async def gather(self, *, shops: int, customers: int) -> None:
        """Shops (the first of them with a tight limit), their customers, people who commented on something, and some whose
        window is about to close.
        """
        for n in range(shops):
            shop = await self.open(limit=TIGHT if n == 0 else WIDE, customers=customers)
            person = self.rig.sim.customer(shop)
            person.write(
                "Still there?", at=self.rig.sim.clock.now() - DAY + MARGIN + self.chance.uniform(5, 90)
            )
            self.closing.append(person)
            for _ in range(customers // 4):
                person = self.rig.sim.customer(shop)
                self.comments.append((person.comment("How much is it?"), person))
        assert await self.rig.sim.settled(30)
        for effect, fields in FAULTS:
            self.rig.sim.fault(effect, times=None, **fields)

    async def start(self) -> None:
        """On a PostgreSQL that forgets in a crash what nobody wanted durable."""
        if self.stack.postgres:
            await make_lazy(self.rig.dsn)
        for name in NAMES:
            await self.launch(name)

    async def launch(self, name: str, **settings: str) -> None:
        """The second one's clock is wrong."""
        skew = wrong_clock(5) if name == "two" else {}
        await self.rig.dispatcher(name, **SETTINGS, **skew, **settings)

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self._ask_one()

    async def _ask_one(self) -> None:
        n = len(self.asked)
        if self.comments and self.chance.random() < 0.05:
            await self._reply(*self.comments.pop())
            return
        closing = self.chance.random() < 0.05 and bool(self.closing)
        person = self.chance.choice(self.closing if closing else self.people)
        automated = closing or self.chance.random() < 0.5
        name = f"storm {n:05d}"
        kind = self.chance.random()
        fields: dict[str, Any] = {"message": Message(text=f"{name}.")}
        markers: tuple[str, ...] = (f"{name}.",)
        if kind < 0.08 and person.customer_id not in self._photographed:
            self._photographed.add(person.customer_id)
            markers = (f"storm-{n:05d}.jpg",)
            fields = {"message": Message(images=(Media(url=f"https://example.com/{markers[0]}"),))}
        elif (
            kind > 0.92 and not automated
        ):  # of one that discloses itself the first part would be another one
            markers = (f"{name} begins.", f"{name} ends.")
            fields = {"message": Message(text=f"{markers[0]} {'word ' * 220}{markers[1]}")}
        await self._put(person, markers, automated=automated, **fields)

    async def _reply(self, comment_id: str, person: Person) -> None:
        marker = f"storm {len(self.asked):05d}."
        more = {"recipient": Recipient(comment_id=comment_id), "message": Message(text=marker)}
        await self._put(person, (marker,), automated=self.chance.random() < 0.5, **more)

    async def say(self, person: Person, *, automated: bool) -> Asked:
        """A plain text to this one."""
        marker = f"storm {len(self.asked):05d}."
        return await self._put(person, (marker,), automated=automated, message=Message(text=marker))

    async def _put(
        self, person: Person, markers: tuple[str, ...], *, automated: bool, **fields: Any
    ) -> Asked:
        item = Asked(ids.random(), markers, person.account_id, person.customer_id, automated)
        author = Author("automation") if item.automated else Author("human", "agent-7")
        self.asked.append(item)
        while True:
            try:
                await self.rig.ask(person, request_id=item.request_id, author=author, **fields)
            except PublishFailed:
                await asyncio.sleep(0.2)  # the same request again: it is one send
            else:
                return item

    async def happen(self, trouble: str) -> None:
        """One trouble, to whom chance says."""
        kind, _, how = trouble.partition(" ")
        await _TROUBLES[kind](self, self.chance.choice(NAMES), how)
        self.done[trouble] += 1

    async def _kill(self, name: str, _: str) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.5))  # any moment, not a wait for something
        await self.rig.services[name].kill()
        await self.launch(name)

    async def _crash(self, name: str, point: str) -> None:
        """It is given work until it dies there."""
        await self.rig.services[name].terminate()
        await self.launch(name, KAIWA_CRASH_AT=point)
        doomed = self.rig.services[name]
        async with asyncio.timeout(60):
            while doomed.alive:
                await self.ask(2)
                await asyncio.sleep(0.1)
        assert doomed.exit_code == -signal.SIGKILL, (point, doomed.exit_code, last_line(doomed.log))
        await self.launch(name)

    async def _freeze(self, name: str, _: str) -> None:
        """Longer than its leases, then it goes on as if nothing had been."""
        child = self.rig.services[name]
        child.send(signal.SIGSTOP)
        await asyncio.sleep(LEASE + self.chance.uniform(0.5, 2))
        child.send(signal.SIGCONT)

    async def _stall(self, name: str, _: str) -> None:
        await stalled(self.rig.services[name], times=12, apart=0.1)

    async def _restart_postgres(self, _name: str, how: str) -> None:
        """As an operator does it, or after a crash: by what it has on its disk."""
        if postgres := self.stack.postgres:
            await asyncio.sleep(self.chance.uniform(0, 0.5))  # any moment, not a wait for something
            await asyncio.to_thread(partial(postgres.stop, kill=how == "crash"))
            await asyncio.to_thread(postgres.start)

    async def _restart_kafka(self, _name: str, _: str) -> None:
        if kafka := self.stack.kafka:
            await asyncio.to_thread(partial(kafka.stop, kill=True))
            await asyncio.to_thread(kafka.start)

    async def calm(self, *, within: float) -> None:
        """Wait until every request has an end, or is in doubt and the conversation has gone on without it."""
        open_states = "select count(*) from dispatcher.intents where state in ('queued', 'claimed', 'sending', 'in_doubt')"
        async with asyncio.timeout(within):
            while not self._taken_in() or await self.rig.db.fetchval(open_states):  # noqa: ASYNC110 - as it says
                await asyncio.sleep(0.2)
        await self.rig.drained()
        async with asyncio.timeout(WITHIN * 3):
            while not all(self._ended(item) for item in self.asked):  # noqa: ASYNC110 - records arrive
                await asyncio.sleep(0.1)

    def _taken_in(self) -> bool:
        return all(item.request_id in self.rig.outcomes for item in self.asked)

    def _ended(self, item: Asked) -> bool:
        return item.request_id in self.rig.outcomes and self.outcome(item).state in {*FINAL, "in_doubt"}

    def outcome(self, item: Asked) -> Outcome:
        return self.rig.newest(item.request_id)

    def evidence(self) -> Evidence:
        accounts = {item.account_id: self.rig.account_of(item.account_id) for item in self.asked}
        return Evidence(self.rig.sim.books, self.asked, self.rig.outcomes, accounts)


_TROUBLES: dict[str, Callable[[Storm, str, str], Awaitable[None]]] = {
    "kill": Storm._kill,
    "crash": Storm._crash,
    "freeze": Storm._freeze,
    "stall": Storm._stall,
    "postgres": Storm._restart_postgres,
    "kafka": Storm._restart_kafka,
}
