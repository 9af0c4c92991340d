"""Where the story is played: customers on Meta's side, agents on ours, and Kaiwa in between."""

import asyncio
import itertools
import json
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kaiwa.bus.batches import Batches
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest, encode
from kaiwa.devstack.demo.bot import Bot
from kaiwa.devstack.demo.watch import PATIENCE, TOPICS, Watch
from kaiwa.devstack.installation import Installation
from kaiwa.devstack.segments import traces
from kaiwa.runtime.settings import Kafka
from kaiwa.simulator.actions import Type
from kaiwa.simulator.callbacks import Answered
from kaiwa.simulator.model import Customer
from kaiwa.simulator.remote import Remote

AGENT = Author("human", "agent-7")
CAMPAIGN = Author("automation", "campaign")
WITHIN = 10.0  # seconds for Kafka to acknowledge a request


@dataclass
class Stage:
    """What an act needs. `chance` is seeded; `proven` are texts that the scanner found before they were unsent;
    `forgotten` are accounts whose owner asked for it, with what Meta's callback was answered. `ends` are the states that a
    message which may go comes to: more than one where services are killed.
    """

    kaiwa: Installation
    producer: Producer
    watch: Watch
    chance: random.Random
    ends: tuple[str, ...] = ("sent",)
    proven: set[str] = field(default_factory=set)
    customers: list[Customer] = field(default_factory=list)
    forgotten: dict[str, Answered] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def remote(self) -> Remote:
        """Meta."""
        return self.kaiwa.remote

    @property
    def segments(self) -> Path | None:
        """The broker's own files; None when the broker is not ours."""
        broker = self.kaiwa.stack.kafka
        return broker.log_dir if broker else None

    def prove(self, text: str) -> None:
        """That the scanner sees this text now, so that its silence later means something."""
        if self.segments and traces(self.segments, topics.EVENTS, text.encode()):
            self.proven.add(text)

    def number(self) -> str:
        """A mark for a message and its answer."""
        return f"#{next(self._numbers):04d}"

    async def customer(self, shop: str) -> Customer:
        """Somebody who never wrote to this shop before."""
        account = self.kaiwa.accounts[shop]
        name = f"customer.{secrets.token_hex(4)}"
        self.customers.append(await self.remote.customer(account.account_id, username=name))
        return self.customers[-1]

    async def write(self, customer: Customer, text: str, *, ago: float = 0.0, delay: float = 0.0) -> str:
        """The customer's message, written `ago` seconds before now, delivered `delay` seconds after; its mid."""
        return await self.remote.write(customer, text, at=time.time() - ago if ago else None, delay=delay)

    async def type(self, customer: Customer, text: str) -> str:
        """Somebody at the shop writes in the Instagram app, past Kaiwa; the message's mid."""
        typed = Type(account_id=customer.account_id, customer_id=customer.customer_id, text=text)
        return (await self.remote.act([typed]))[0].id or ""

    async def answered(self, mid: str) -> str:
        """Wait until the bot has asked for an answer to this message; the request's id."""
        await self.watch.until(lambda: self.watch.received(mid), "a customer's message became an event")
        event = self.watch.received(mid)
        request_id = f"bot-{event.id if event else ''}"
        await self.watch.until(lambda: request_id in self.watch.requests, "the bot answered")
        return request_id

    async def say(self, customer: Customer, text: str, author: Author = AGENT) -> str:
        """Ask for a message to the customer; the request's id."""
        return await self.ask(request(customer, Message(text=text), author=author))

    async def ask(self, *requests: SendRequest) -> str:
        """Put requests on `instagram.sends.v1`; the last one's id."""
        await self.publish(*(Outgoing(topics.SENDS, each.key, encode(each)) for each in requests))
        return requests[-1].request_id

    async def publish(self, *records: Outgoing) -> None:
        await self.producer.publish(records, within=WITHIN)

    async def sent(self, request_id: str) -> None:
        await self.ended(request_id, *self.ends)

    async def ended(self, request_id: str, *states: str) -> None:
        """Wait until a request has one of these states."""
        what = f"a request became {' or '.join(states)}"
        await self.watch.until(lambda: self.watch.state(request_id) in states, what)

    async def held(self, customer: Customer) -> None:
        """Wait until the dispatcher knows that a person wrote: it decides on what it has read."""
        conversation = ("conversations", "show", customer.account_id, customer.customer_id, "--json")
        async with asyncio.timeout(self.watch.patience):
            while not json.loads(await self.kaiwa.kaiwa(*conversation))["last_human_at"]:
                pass  # the command takes its time

    async def deferred(self, request_id: str, reason: str) -> None:
        await self.watch.until(
            lambda: (request_id, reason) in self.watch.deferred, f"a request waits for {reason}"
        )


@asynccontextmanager
async def opened(
    kaiwa: Installation,
    *,
    seed: int | None = None,
    patience: float = PATIENCE,
    ends: tuple[str, ...] = ("sent",),
) -> AsyncIterator[Stage]:
    """A stage with its bot at work and its watch awake."""
    kafka = Kafka(bootstrap_servers=kaiwa.stack.bootstrap_servers, session_timeout=6)
    watch = Watch(patience=patience)
    async with (
        Producer(kafka, client_id="kaiwa-demo") as producer,
        Batches(kafka, TOPICS, group="kaiwa.demo.watch", handle=watch.handle),
        Batches(kafka, [topics.EVENTS], group="kaiwa.demo.bot", handle=Bot(producer).handle),
    ):
        chance = random.Random(seed)  # noqa: S311 - which question somebody asks is no secret
        yield Stage(kaiwa, producer, watch, chance, ends)


def request(
    customer: Customer, message: Message | None, *, author: Author = AGENT, **more: object
) -> SendRequest:
    """A request for this customer with a new id; `more` are further fields of it."""
    fields = {"request_id": f"demo-{secrets.token_hex(8)}", **more}
    return SendRequest(
        account_id=customer.account_id,
        recipient=Recipient(customer_id=customer.customer_id),
        author=author,
        message=message,
        **fields,  # type: ignore[arg-type]  # named at each call, two screens away
    )
