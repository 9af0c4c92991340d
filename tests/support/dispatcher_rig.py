"""Dispatchers as processes on a real Kafka and PostgreSQL, an ingest before them, and the simulator as Meta."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx
from asking import WITHIN, Asking

from kaiwa.bus.producer import Producer
from kaiwa.bus.reader import TableView
from kaiwa.contracts import topics
from kaiwa.contracts.sends import Author
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import Process
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.keys import generate
from kaiwa.runtime.settings import Kafka
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.model import Account
from kaiwa.simulator.simulator import Person, Simulator

QUICK = {
    "KAIWA_DISPATCHER__LEASE": "3",
    "KAIWA_DISPATCHER__SETTLE_AFTER": "2",
    "KAIWA_DISPATCHER__DOUBT_BOUND": "10",
    "KAIWA_KAFKA__SESSION_TIMEOUT": "6",
}
DELIVERY = DeliverySettings(first_gap=0.05, longest_gap=0.5, linger=0.01)
HUMAN = Author("human", "agent-7")


class DispatcherRig(Asking):
    """One database, one set of keys, one Meta; services are started and killed as a test wants.

    Rigs share a broker, so by default no two of them have an account in common.
    """

    def __init__(
        self,
        stack: Stack,
        dsn: str,
        folder: Path,
        *,
        seed: int | None = None,
        delivery: DeliverySettings = DELIVERY,
    ) -> None:
        self.kafka = Kafka(bootstrap_servers=stack.bootstrap_servers)
        self.sim = Simulator(seed=seed, delivery=delivery)
        super().__init__()
        self.services: dict[str, Process] = {}
        self.urls: dict[str, str] = {}
        self._stack, self._folder, self.dsn = stack, folder, dsn
        self._exit = AsyncExitStack()
        self.env: dict[str, str] = {}
        self._entries: list[dict[str, Any]] = []
        self._accounts: dict[str, Account] = {}

    async def __aenter__(self) -> Self:
        await self._exit.enter_async_context(self.sim)
        self._door = free_port()
        hook = f"http://127.0.0.1:{self._door}/webhooks/instagram"
        app = self.sim.app(callback_url=hook, require_proof=True)
        keys = generate(self._folder / "keys")
        (self._folder / "apps").write_text(f"{app.app_id} {app.secret} proof\n")
        self.env = {
            "PATH": "/usr/bin:/bin",
            **self._stack.environment,
            **QUICK,
            **{name: str(path) for name, path in keys.items()},
            "KAIWA_POSTGRES__DSN": self.dsn,
            "KAIWA_META__APPS_FILE": str(self._folder / "apps"),
            "KAIWA_META__FACEBOOK_GRAPH_URL": self.sim.facebook_url,
            "KAIWA_META__INSTAGRAM_GRAPH_URL": self.sim.instagram_url,
            "KAIWA_META__FACEBOOK_LOGIN_URL": self.sim.facebook_login_url,
            "KAIWA_META__INSTAGRAM_LOGIN_URL": self.sim.instagram_login_url,
        }
        await self.kaiwa("topics", "apply", "--dev")
        await self.kaiwa("db", "migrate")
        self.producer = await self._exit.enter_async_context(Producer(self.kafka, client_id="test"))
        await self.reconnect()
        self._exit.push_async_callback(self._disconnect)
        view = TableView(self.kafka, topics.OUTCOMES, self.note, client_id="test-outcomes")
        following = asyncio.create_task(view.follow())
        self._exit.push_async_callback(_cancelled, following)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            for service in self.services.values():
                if service.alive:
                    await service.terminate()
        finally:
            await self._exit.aclose()

    async def reconnect(self) -> None:
        """A pool of the test's own, anew after the database was replaced."""
        self.db = await asyncpg.create_pool(self.dsn, min_size=1, max_size=2)

    async def _disconnect(self) -> None:
        await self.db.close()

    async def kaiwa(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command as a user would."""
        command = [sys.executable, "-c", "from kaiwa.runtime.cli import main; main()", *words]
        env = self.env
        done = await asyncio.to_thread(
            subprocess.run, command, env=env, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    async def account(
        self, *, login: str = "facebook", entry: Mapping[str, Any] = {}, **fields: Any
    ) -> Account:
        """An account on both sides: at Meta, and in the registry (`entry` overrides its row there)."""
        account = self._opened(login, entry, fields)
        await self.apply()
        return account

    async def customers(self, count: int, **fields: Any) -> list[Person]:
        """As many customers, each of an account of their own, who have just written."""
        people = [self.sim.customer(self._opened("facebook", {}, fields)) for _ in range(count)]
        await self.apply()
        for person in people:
            person.write("Is it in stock?")
        assert await self.sim.settled()
        return people

    async def asked_about(self, *people: Person) -> None:
        """Meta was asked about their accounts: its own word that all is well would end what a single refusal begins."""
        unasked = (
            "select exists (select from dispatcher.health where account_id = any($1) and probed_at is null)"
        )
        async with asyncio.timeout(60):
            while await self.db.fetchval(unasked, [person.account_id for person in people]):  # noqa: ASYNC110 - the event is in PostgreSQL
                await asyncio.sleep(0.05)

    def _opened(self, login: str, entry: Mapping[str, Any], fields: Mapping[str, Any]) -> Account:
        account = self.sim.account(login=login, **fields)
        self._accounts[account.account_id] = account
        token = self.token_file(account.account_id)
        token.write_text(account.tokens["1001"])
        self._entries.append(
            {
                "account_id": account.account_id,
                "login": login,
                "page_id": account.page_id,
                "app_id": "1001",
                "display_name": "Shop",
                "token_file": str(token),
                "human_agent": account.human_agent,
                **entry,
            }
        )
        return account

    def account_of(self, account_id: str) -> Account:
        """An account as it was opened."""
        return self._accounts[account_id]

    def token_file(self, account_id: str) -> Path:
        return self._folder / f"token-{account_id}"

    async def apply(self) -> None:
        """Make the registry equal to what was opened: every account is active, none is paused."""
        file = self._folder / "accounts.json"
        file.write_text(json.dumps(self._entries))
        await self.kaiwa("accounts", "apply", str(file))

    async def customer(self, text: str = "Is it in stock?", **account: Any) -> Person:
        """A customer of a new account, who has just written."""
        person = self.sim.customer(await self.account(**account))
        person.write(text)
        assert await self.sim.settled()
        return person

    async def ingest(self) -> None:
        await self._run("ingest", "kaiwa.ingest", self._door, {})

    async def dispatcher(self, name: str = "dispatcher", **settings: str) -> Process:
        return await self._run(name, "kaiwa.dispatcher", free_port(), settings)

    async def silent_dispatcher(self) -> Process:
        """One that never discloses, in place of the one that does."""
        support = {"PYTHONPATH": str(Path(__file__).parent)}
        return await self._run("dispatcher", "silent_dispatcher", free_port(), support)

    async def compliance(self, **settings: str) -> Process:
        return await self._run("compliance", "kaiwa.compliance", free_port(), settings)

    async def _run(self, name: str, module: str, port: int, settings: Mapping[str, str]) -> Process:
        env = {**self.env, **settings, "KAIWA_HTTP__PORT": str(port)}
        service = Process(
            self._stack.keeper,
            name,
            [sys.executable, "-m", module],
            env=env,
            log=self._folder / f"{name}.log",
        )
        self.services[name] = service
        self.urls[name] = f"http://127.0.0.1:{port}"
        service.start()
        await service.wait_ready(f"http://127.0.0.1:{port}", timeout=2 * WITHIN)
        return service

    async def everything_stored(self) -> str:
        """Every row of every table of the dispatcher's schema, binary columns as they are."""
        names = await self.db.fetch("select tablename from pg_tables where schemaname = 'dispatcher'")
        rows = [await self.db.fetch(f"select * from dispatcher.{name['tablename']}") for name in names]
        return "\n".join(str(dict(row)) for table in rows for row in table)

    async def until_stored(self, query: str, key: str, value: object) -> None:
        """Wait until a query of one value gives this one."""
        async with asyncio.timeout(3 * WITHIN):  # loops of five seconds write some of it
            while await self.db.fetchval(query, key) != value:  # noqa: ASYNC110 - the event is in PostgreSQL
                await asyncio.sleep(0.02)

    async def known(self) -> None:
        """Wait until a dispatcher has read every event that is in Kafka now."""
        now = await self.db.fetchval("select clock_timestamp()")
        partitions = await self.producer.partitions(topics.EVENTS, within=WITHIN)
        query = "select count(*) >= $1::integer from dispatcher.watermarks where fresh_at > $2"
        async with asyncio.timeout(WITHIN):
            while not await self.db.fetchval(query, partitions, now):  # noqa: ASYNC110 - the event is in PostgreSQL
                await asyncio.sleep(0.02)

    async def drained(self) -> None:
        """Wait until the outbox is empty."""
        async with asyncio.timeout(WITHIN):
            while await self.db.fetchval("select count(*) from dispatcher.outbox"):  # noqa: ASYNC110 - the event is in PostgreSQL
                await asyncio.sleep(0.02)

    async def metrics(self, name: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.urls[name]}/metrics")).text

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
