"""What benchmarks of the dispatcher share: dispatchers as processes, the stub that they call, and work for them."""

import asyncio
import itertools
import json
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx
from contest import BENCH, IN_PRODUCTION, Contestant, contestant
from dispatcher_rig import HUMAN
from doors import apply_topics

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.sends import Author, Lane, Message, Recipient, SendRequest, encode
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Process
from kaiwa.devstack.stack import Stack
from kaiwa.dispatcher.contents import Contents
from kaiwa.runtime.keys import generate
from kaiwa.runtime.settings import Kafka
from kaiwa.store.migrate import migrate, rooms

AUTOMATION = Author("automation", "bench")
WITHIN = 60.0
_numbers = itertools.count()


@dataclass(frozen=True)
class Room:
    """A conversation whose customer has just written."""

    account_id: str
    customer_id: str


def request(room: Room, word: str, *, lane: Lane = "transactional", author: Author = AUTOMATION) -> Outgoing:
    """A request whose text ends in this word."""
    made = SendRequest(
        request_id=f"bench-{word}",
        account_id=room.account_id,
        recipient=Recipient(customer_id=room.customer_id),
        author=author,
        lane=lane,
        message=Message(text=f"Thank you! Your parcel left the house this morning, number {word}"),
    )
    return Outgoing(topics.SENDS, made.key, encode(made))


def by_hand(room: Room, word: str) -> Outgoing:
    return request(room, word, lane="human", author=HUMAN)


class Stub:
    """What `stub_graph.py` says of the calls that came to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=30)

    async def ready(self) -> None:
        async with asyncio.timeout(30):
            while True:
                try:
                    await self.arrivals()
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def texts(self) -> dict[str, float]:
        """When each text arrived; every one came once."""
        said = (await self.client.get("/texts")).json()
        assert said["repeated"] == []
        return dict(said["at"])

    async def arrivals(self) -> dict[str, list[float]]:
        return dict((await self.client.get("/arrivals")).json())


@dataclass
class Yard:
    """A database, a stub, dispatchers, and a producer of requests."""

    stack: Stack
    dsn: str
    folder: Path
    calls: int = 400
    _exit: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        await apply_topics(self.stack, bound=IN_PRODUCTION)
        await migrate(self.dsn, rooms())
        kafka = Kafka(bootstrap_servers=self.stack.bootstrap_servers)
        self.producer = await self._exit.enter_async_context(Producer(kafka, client_id="bench"))
        self.partitions = await self.producer.partitions(topics.EVENTS, within=10)
        self.db = await asyncpg.create_pool(self.dsn, min_size=1, max_size=2)
        self._exit.push_async_callback(self.db.close)
        keys = generate(self.folder / "keys")
        (self.folder / "apps").write_text("1001 secret\n")
        self.env = {
            "PATH": "/usr/bin:/bin",
            **self.stack.environment,
            **{name: str(path) for name, path in keys.items()},
            "KAIWA_POSTGRES__DSN": self.dsn,
            "KAIWA_META__APPS_FILE": str(self.folder / "apps"),
            "KAIWA_DISPATCHER__CALLS": str(self.calls),
        }
        self._vault = Contents.from_file(keys["KAIWA_DISPATCHER__SEAL_KEY_FILE"])
        self.stub = await self._stub(self.stack.bootstrap_servers)
        url = self.stub.url
        self.env |= {"KAIWA_META__FACEBOOK_GRAPH_URL": url, "KAIWA_META__INSTAGRAM_GRAPH_URL": url}
        return self

    async def silent_stub(self) -> Stub:
        """For clients beside ours: their calls have no echoes, which would be work for the dispatcher."""
        return await self._stub("-")

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def _stub(self, servers: str) -> Stub:
        port = free_port()
        command = [sys.executable, str(BENCH / "stub_graph.py"), str(port), servers]
        name = f"stub-{port}"
        process = Process(
            self.stack.keeper, name, command, env={"PATH": "/usr/bin:/bin"}, log=self.folder / f"{name}.log"
        )
        process.start()
        self._exit.push_async_callback(process.kill)
        stub = Stub(f"http://127.0.0.1:{port}")
        self._exit.push_async_callback(stub.client.aclose)
        await stub.ready()
        return stub

    @asynccontextmanager
    async def dispatcher(self, name: str = "dispatcher", **more: str) -> AsyncIterator[Contestant]:
        argv = ["-m", "kaiwa.dispatcher"]
        async with contestant(self.stack.keeper, name, argv, self.env | more, self.folder) as found:
            yield found

    async def rooms(self, accounts: int, customers: int, *, rate: float = 300, **more: Any) -> list[Room]:
        """Conversations with an open window, of new accounts that take turns."""
        number = next(_numbers)
        names = [f"178{number:03}{n:010}" for n in range(accounts)]
        found = [Room(name, f"11{number:03}{n:010}") for n in range(customers) for name in names]
        token = {name: self._vault.seal_token(name, "token-of-the-account") for name in names}
        await self.db.executemany(
            "insert into dispatcher.accounts (account_id, app_id, login, page_id, display_name, locale, human_agent,"
            " default_app, unknown_echo, limits, state, sealed_token)"
            " values ($1, '1001', 'facebook', $1, 'Shop', 'en', true, true, 'hold', $2, 'active', $3)",
            [(name, json.dumps({"text_per_second": rate} | more), token[name]) for name in names],
        )
        # Long known, so that Meta was asked about them and is not again while we measure.
        await self.db.execute(
            "update dispatcher.health set probed_at = now(), probe_due = now() + interval '1 day'"
        )
        await self.db.execute("update dispatcher.accounts set routing_due = now() + interval '1 day'")
        await self.db.execute(
            "insert into dispatcher.conversations (account_id, customer_id, partition, window_opened_at,"
            " last_customer_at, control, control_at)"
            " select a, c, p, now(), now(), 'ours', now()"
            " from unnest($1::text[], $2::text[], $3::integer[]) as k(a, c, p)",
            [room.account_id for room in found],
            [room.customer_id for room in found],
            [of_conversation(room.account_id, room.customer_id, self.partitions) for room in found],
        )
        await self.db.execute("analyze")
        return found

    async def put(self, records: Iterable[Outgoing], *, a_time: int = 2_000) -> None:
        walk = iter(records)
        while some := list(itertools.islice(walk, a_time)):
            await self.producer.publish(some, within=WITHIN)

    async def until_sent(self, count: int, *, within: float) -> None:
        """Until so many are settled in the database, and their outcomes are on Kafka."""
        deadline = time.monotonic() + within
        query = (
            "select (select count(*) from dispatcher.intents where state = 'sent') - (select count(*)"
            " from dispatcher.outbox)"
        )
        while (done := await self.db.fetchval(query)) < count:
            assert time.monotonic() < deadline, f"{done} of {count} within {within:g} s"
            await asyncio.sleep(0.1)


@asynccontextmanager
async def yard_of_its_own(stack: Stack, folder: Path) -> AsyncIterator[Yard]:
    """With a database that nobody else has."""
    name = f"bench_{uuid.uuid4().hex}"
    async with Yard(stack, stack.create_database(name), folder) as made:
        yield made
    stack.drop_database(name)
