"""The box with its doors open: `async with Simulator() as sim`, on a loopback port of the running loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from kaiwa.simulator.actions import Acted, AnyAction, Remark, Tap, Type, Write
from kaiwa.simulator.books import Books
from kaiwa.simulator.box import Box, Scenario
from kaiwa.simulator.breaking import BreakableProtocol
from kaiwa.simulator.callbacks import Answered, Wish
from kaiwa.simulator.clock import Clock
from kaiwa.simulator.control import ControlApi
from kaiwa.simulator.delivery import DeliverySettings
from kaiwa.simulator.doorway import FACEBOOK, INSTAGRAM, Doorway
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import Account, App, Customer, Host
from kaiwa.simulator.people import Person as Login
from kaiwa.simulator.profiles import ProfileApi
from kaiwa.simulator.server import GraphApi
from kaiwa.simulator.token_server import TokenApi
from kaiwa.simulator.tokens import Token

_GRACE = 2
# Longer than any client keeps an idle connection: one closed under a request would be a fault nobody scripted.
_KEEPALIVE = 120


class Person:
    """A customer one can speak for. The methods return the id of what was made."""

    def __init__(self, box: Box, customer: Customer) -> None:
        self._box = box
        self.customer_id = customer.customer_id
        self.account_id = customer.account_id

    def write(self, text: str | None = None, **more: Any) -> str:
        """Send a message; `more` are the fields of `actions.Write`, `at` and `delay` among them."""
        return self._id(Write(text=text, account_id=self.account_id, customer_id=self.customer_id, **more))

    def tap(self, title: str, payload: str, **more: Any) -> str:
        return self._id(
            Tap(
                title=title, payload=payload, account_id=self.account_id, customer_id=self.customer_id, **more
            )
        )

    def comment(self, text: str, **more: Any) -> str:
        return self._id(Remark(text=text, account_id=self.account_id, customer_id=self.customer_id, **more))

    def hear(self, text: str, **more: Any) -> str:
        """A person at the business writes to this customer in the Instagram app."""
        return self._id(Type(text=text, account_id=self.account_id, customer_id=self.customer_id, **more))

    def _id(self, action: AnyAction) -> str:
        return self._box.act(action).id or ""


class Simulator:
    """Meta in a box, in this process. A seed fixes the ids, and the chances in the order in which they are taken."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        seed: int | None = None,
        delivery: DeliverySettings | None = None,
        time_scale: float = 1.0,
    ) -> None:
        self._box = Box(seed=seed, delivery=delivery or DeliverySettings(), time_scale=time_scale)
        self._stopping = asyncio.Event()
        self._wanted = (host, port)
        self._stack = contextlib.AsyncExitStack()
        self.port = 0

    async def __aenter__(self) -> Self:
        listener = socket.create_server(self._wanted, backlog=2048)
        self.port = listener.getsockname()[1]
        self._stack.callback(listener.close)
        await self._stack.enter_async_context(self._box.delivery)
        graph, control = GraphApi(self._box, self._stopping), ControlApi(self._box)
        routes: list[Route | Mount] = [
            *control.routes,
            *Doorway(self._box).routes,
            *TokenApi(self._box).routes,
            *ProfileApi(self._box).routes,
            *graph.routes,
        ]
        await self._stack.enter_async_context(_serving(Starlette(routes=routes), listener))
        self._stack.callback(self._stopping.set)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def facebook_url(self) -> str:
        """The value of KAIWA_META__FACEBOOK_GRAPH_URL."""
        return f"{self.url}/facebook"

    @property
    def instagram_url(self) -> str:
        """The value of KAIWA_META__INSTAGRAM_GRAPH_URL."""
        return f"{self.url}/instagram"

    @property
    def facebook_login_url(self) -> str:
        """The value of KAIWA_META__FACEBOOK_LOGIN_URL."""
        return f"{self.url}{FACEBOOK}"

    @property
    def instagram_login_url(self) -> str:
        """The value of KAIWA_META__INSTAGRAM_LOGIN_URL."""
        return f"{self.url}{INSTAGRAM}"

    @property
    def books(self) -> Books:
        return self._box.state.books

    @property
    def clock(self) -> Clock:
        return self._box.clock

    def load(self, scenario: Scenario) -> None:
        self._box.load(scenario)

    def app(self, app_id: str = "1001", **fields: Any) -> App:
        """Add an app, or change it; `fields` as in `model.App`."""
        return self._box.add_app({"app_id": app_id, **fields})

    def account(self, **fields: Any) -> Account:
        """Add an account, or change it; `fields` as in `model.Account`, what is left out is made up."""
        return self._box.add_account(fields)

    def token(self, name: str) -> Token:
        """A token, to be aged or ended."""
        return self._box.state.tokens[name]

    def customer(self, account: Account, **fields: Any) -> Person:
        return Person(self._box, self._box.add_customer({"account_id": account.account_id, **fields}))

    def person(self, *accounts: Account, **fields: Any) -> Login:
        """Somebody at a business who can log in; `fields` as in `people.Person`."""
        owned = {"account_ids": [account.account_id for account in accounts]}
        login = {"login": accounts[0].login} if accounts else {}
        return self._box.add_person({**owned, **login, **fields})

    def subscribed(self, account: Account, app_id: str = "1001") -> frozenset[str]:
        """The fields that an app gets of an account."""
        return self._box.state.subscriptions.get((account.account_id, app_id), frozenset())

    def act(self, action: AnyAction) -> Acted:
        return self._box.act(action)

    def fault(self, effect: str, **fields: Any) -> None:
        """Script a fault; `fields` as in `faults.Fault`."""
        self._box.script.add(msgspec.convert({"effect": effect, **fields}, Fault))

    async def handshake(self, app_id: str = "1001") -> bool:
        return await self._box.delivery.handshake(app_id)

    async def ask(
        self, user_id: str, wish: Wish, *, app_id: str = "1001", login: Host = "facebook"
    ) -> Answered:
        """A person asks the app to delete their data, or removes it."""
        return await self._box.delivery.ask(app_id, user_id, wish, login)

    async def until(self, met: Callable[[], object], seconds: float = 30.0) -> bool:
        """Wait until a condition on the books holds; it is looked at after each call and each delivery."""
        return await self._box.progress.until(met, seconds)

    async def settled(self, seconds: float = 30.0) -> bool:
        """Wait until every event was acknowledged (or lost by script)."""
        return await self.until(lambda: self._box.delivery.pending == 0, seconds)


class _Server(uvicorn.Server):
    """uvicorn that leaves the process's signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextlib.asynccontextmanager
async def _serving(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEPALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.listening.wait()
        yield
    finally:
        server.should_exit = True
        await running
