"""One whole Kaiwa on this machine: the three services and the simulator as Meta, each a process of its own.

    with running() as stack:
        async with Installation(stack, folder, shops=[Shop("Blue Moon")]) as kaiwa:
            shop = kaiwa.accounts["Blue Moon"]
            customer = await kaiwa.remote.customer(shop.account_id)
            await kaiwa.remote.write(customer, "Do you have it in blue?")

It is set up as a user would: key files, an apps file, `kaiwa topics apply --dev`, `kaiwa db migrate`,
`kaiwa accounts apply`, then each service with nothing but environment variables. The topics' names are fixed, so one
broker holds one installation.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar, Final, Self

import msgspec

from kaiwa.contracts.topics import DEV_BOUND
from kaiwa.devstack.ports import free_port
from kaiwa.devstack.processes import POLL_EVERY, Process, last_line
from kaiwa.devstack.shops import Shop
from kaiwa.devstack.stack import POSTGRES_VARIABLE, Stack
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.keys import generate
from kaiwa.simulator.box import Scenario
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.model import Account
from kaiwa.simulator.remote import Remote

APP_ID: Final = "1001"
INSTAGRAM_APP_ID: Final = "1002"  # the same app's, at Instagram's own login
SIMULATOR: Final = "simulator"
INGEST: Final = "ingest"
DISPATCHER: Final = "dispatcher"
DOOR: Final = "door"  # the first dispatcher's
COMPLIANCE: Final = "compliance"

# A laptop's patience: what waits minutes in production for a lost process or a lost answer waits seconds here.
QUICK: Final[Mapping[str, str]] = {
    "KAIWA_KAFKA__SESSION_TIMEOUT": "6",
    "KAIWA_DISPATCHER__LEASE": "5",
    "KAIWA_DISPATCHER__SETTLE_AFTER": "5",
    "KAIWA_DISPATCHER__DOUBT_BOUND": "20",
    "KAIWA_COMPLIANCE__BOUND": str(DEV_BOUND),
}
START_WITHIN: Final = 30.0
COMMAND_WITHIN: Final = 60.0
_COMMAND: Final = (sys.executable, "-c", "from kaiwa.runtime.cli import main; main()")


class Installation:
    """An async context manager; entered, everything answers and the webhook's handshake is done.

    `folder` takes keys, tokens and logs. `settings` are further variables for all services. `env` is what a user
    would export to work with it; `accounts` are by the shops' names, `processes` by their own.
    """

    marks: ClassVar[Mapping[str, str]] = {
        "secret": "proof-facebook",
        "instagram_secret": f"proof-instagram instagram={INSTAGRAM_APP_ID}",
    }
    """What the apps file says of each secret."""

    def __init__(
        self,
        stack: Stack,
        folder: Path,
        *,
        shops: Sequence[Shop] = (Shop("Blue Moon"),),
        dispatchers: int = 1,
        seed: int | None = None,
        delivery: DeliverySettings | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.stack = stack
        self.folder = folder
        self.accounts: dict[str, Account] = {}
        self.processes: dict[str, Process] = {}
        self._shops = shops
        self._seed = seed
        self._delivery = delivery or DeliverySettings()
        self._closing = AsyncExitStack()
        self._dispatchers = [DISPATCHER, *(f"{DISPATCHER}-{n}" for n in range(2, dispatchers + 1))]
        names = (SIMULATOR, INGEST, *self._dispatchers, COMPLIANCE, DOOR)
        self._ports = {name: free_port() for name in names}
        simulator = self.url(SIMULATOR)
        self.remote = Remote(simulator)
        self.webhook = f"{self.url(INGEST)}/webhooks/instagram"
        self.env = {
            **stack.environment,
            "KAIWA_SIMULATOR_URL": simulator,
            "KAIWA_TOP_URL": " ".join(
                f"{name}={self.url(name)}" for name in (INGEST, *self._dispatchers, COMPLIANCE)
            ),
            "KAIWA_META__FACEBOOK_GRAPH_URL": f"{simulator}/facebook",
            "KAIWA_META__INSTAGRAM_GRAPH_URL": f"{simulator}/instagram",
            "KAIWA_META__FACEBOOK_LOGIN_URL": f"{simulator}/facebook-login",
            "KAIWA_META__INSTAGRAM_LOGIN_URL": f"{simulator}/instagram-login",
            "KAIWA_META__APPS_FILE": str(folder / "apps"),
            "KAIWA_DOOR__CONNECT_URL": self.url(DOOR),
            "KAIWA_INGEST__STATUS_URL": f"{self.url(COMPLIANCE)}/deletions/",
            "KAIWA_COMPLIANCE__CHECKPOINT_FILE": str(folder / "checkpoints.jsonl"),
            **QUICK,
            **(settings or {}),
        }

    async def __aenter__(self) -> Self:
        try:
            await self._enter()
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    def url(self, name: str) -> str:
        """Where a process answers."""
        return f"http://127.0.0.1:{self._ports[name]}"

    @property
    def services(self) -> list[str]:
        """The names of Kaiwa's own processes."""
        return [name for name in self.processes if name != SIMULATOR]

    async def restart(self, name: str) -> None:
        """Kill a service as a crash does, start it again, wait until it is ready."""
        await self.processes[name].restart()
        await self.processes[name].wait_ready(self.url(name), timeout=START_WITHIN)

    async def stop(self) -> dict[str, int]:
        """SIGTERM to every service that runs; their exit codes."""
        running = [name for name in self.services if self.processes[name].alive]
        codes = await asyncio.gather(*(self.processes[name].terminate() for name in running))
        return dict(zip(running, codes, strict=True))

    async def kaiwa(self, *words: str) -> str:
        """What `kaiwa …` prints here; DependencyError with its last line when it fails."""
        log = self.folder / f"command-{secrets.token_hex(4)}.log"
        command = Process(self.stack.keeper, "kaiwa", [*_COMMAND, *words], env=self.env, log=log)
        command.start()
        if await command.wait(COMMAND_WITHIN) != 0:
            raise DependencyError(f"kaiwa {' '.join(words)} failed: {last_line(log)}")
        return log.read_text()

    async def _enter(self) -> None:
        self._write_files()
        database = f"kaiwa_{secrets.token_hex(6)}"
        self.env[POSTGRES_VARIABLE] = await asyncio.to_thread(self.stack.create_database, database)
        self._closing.push_async_callback(asyncio.to_thread, self.stack.drop_database, database)
        self._closing.push_async_callback(self._end)
        self._start(SIMULATOR, "--port", str(self._ports[SIMULATOR]), *self._scenario())
        await asyncio.gather(self.kaiwa("topics", "apply", "--dev"), self.kaiwa("db", "migrate"))
        for name in (INGEST, *self._dispatchers, COMPLIANCE):
            self._start(name)
        await self._closing.enter_async_context(self.remote)
        await self._open_shops()
        for name in self.services:
            await self.processes[name].wait_ready(self.url(name), timeout=START_WITHIN)
        if not await self.remote.handshake(APP_ID):
            raise DependencyError(f"the webhook at {self.webhook} does not answer Meta's challenge")

    def _write_files(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env |= {name: str(path) for name, path in generate(self.folder / "keys").items()}
        self._app = {
            "app_id": APP_ID,
            "secret": secrets.token_hex(16),
            "instagram_secret": secrets.token_hex(16),  # the second product's, as with Instagram Login
            "instagram_app_id": INSTAGRAM_APP_ID,
            "callback_url": self.webhook,
            "deletion_url": f"{self.url(INGEST)}/callbacks/data-deletion",
            "deauthorize_url": f"{self.url(INGEST)}/callbacks/deauthorize",
            "require_proof": True,
            "verify_token": Path(self.env["KAIWA_META__VERIFY_TOKEN_FILE"]).read_text().strip(),
        }
        lines = (f"{APP_ID} {self._app[name]} {marked}\n" for name, marked in self.marks.items())
        _write_secret(self.folder / "apps", "".join(lines))

    def _scenario(self) -> list[str]:
        path = self.folder / "scenario.json"
        _write_secret(path, msgspec.json.encode(Scenario(delivery=self._delivery, apps=[self._app])).decode())
        seed = [] if self._seed is None else ["--seed", str(self._seed)]
        return ["--scenario", str(path), *seed]

    def _start(self, name: str, *words: str) -> None:
        env = self.env | {
            "KAIWA_HTTP__PORT": str(self._ports[name]),
            # A killed member comes back as itself and need not wait for its session to end.
            "KAIWA_KAFKA__GROUP_INSTANCE_ID": name,
        }
        if name == DISPATCHER:
            env["KAIWA_DOOR__PORT"] = str(self._ports[DOOR])
        module = f"kaiwa.{DISPATCHER if name in self._dispatchers else name}"
        self.processes[name] = Process(
            self.stack.keeper,
            name,
            [sys.executable, "-m", module, *words],
            env=env,
            log=self.folder / f"{name}.log",
        )
        self.processes[name].start()

    async def _open_shops(self) -> None:
        await self._simulator_answers()
        registry = self.folder / "accounts.json"
        registry.write_bytes(msgspec.json.encode([await self._open(shop) for shop in self._shops]))
        await self.kaiwa("accounts", "apply", str(registry))

    async def _open(self, shop: Shop) -> dict[str, object]:
        """Open it at Meta; its entry in the registry's file."""
        account = self.accounts[shop.name] = await self.remote.account(**shop.at_meta())
        token_file = self.folder / f"token-{account.account_id}"
        _write_secret(token_file, account.tokens[APP_ID])
        return shop.registered(account, app_id=APP_ID, token_file=token_file)

    async def _simulator_answers(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while True:
            try:
                await self.remote.status()
            except DependencyError as error:
                process = self.processes[SIMULATOR]
                if not process.alive or time.monotonic() > deadline:
                    raise DependencyError(f"the simulator did not start: {last_line(process.log)}") from error
                await asyncio.sleep(POLL_EVERY)
            else:
                return

    async def _end(self) -> None:
        """Its database goes with it, so a slow, clean stop would be for nobody."""
        for process in self.processes.values():
            if process.alive:
                await process.kill()


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
