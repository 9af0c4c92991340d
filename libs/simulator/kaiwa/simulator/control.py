"""The box's own door, `/_simulator/…`: JSON in and out, for the demo, the chaos tests and the command line."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kaiwa.simulator.actions import AnyAction
from kaiwa.simulator.books import Books
from kaiwa.simulator.box import Box
from kaiwa.simulator.callbacks import Wish
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import Host
from kaiwa.simulator.state import UnknownThingError

PREFIX = "/_simulator"
MAX_WAIT = 60.0


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the clock moves."""

    seconds: float


class Handshake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose callback is verified."""

    app_id: str


class Wished(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks what of which app; `user_id` is app-scoped, `login` says which secret signs."""

    app_id: str
    user_id: str
    wish: Wish
    login: Host = "facebook"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the box holds now; `pending` counts the deliveries that are still owed."""

    now: float
    pending: int
    calls: int
    events: int
    accounts: int
    faults: list[Fault]


class ControlApi:
    """Commands to the box; each handler parses, asks the box and encodes."""

    def __init__(self, box: Box) -> None:
        self._box = box

    @property
    def routes(self) -> list[Route]:
        posts: dict[str, Callable[[bytes], Awaitable[object]]] = {
            "apps": self._apps,
            "accounts": self._accounts,
            "customers": self._customers,
            "people": self._people,
            "actions": self._actions,
            "faults": self._faults,
            "clock": self._clock,
            "handshake": self._handshake,
            "wishes": self._wishes,
        }
        return [
            *(Route(f"{PREFIX}/{name}", _handler(work), methods=["POST"]) for name, work in posts.items()),
            Route(f"{PREFIX}/faults", self._clear_faults, methods=["DELETE"]),
            Route(f"{PREFIX}/books", self._books),
            Route(f"{PREFIX}/status", self._status),
            Route(f"{PREFIX}/settled", self._settled),
        ]

    async def _apps(self, raw: bytes) -> object:
        return self._box.add_app(_fields(raw))

    async def _accounts(self, raw: bytes) -> object:
        return self._box.add_account(_fields(raw))

    async def _customers(self, raw: bytes) -> object:
        return self._box.add_customer(_fields(raw))

    async def _people(self, raw: bytes) -> object:
        return self._box.add_person(_fields(raw))

    async def _actions(self, raw: bytes) -> object:
        return [self._box.act(action) for action in msgspec.json.decode(raw, type=list[AnyAction])]

    async def _faults(self, raw: bytes) -> object:
        for fault in msgspec.json.decode(raw, type=list[Fault]):
            self._box.script.add(fault)
        return self._box.script.active

    async def _clock(self, raw: bytes) -> object:
        self._box.clock.advance(msgspec.json.decode(raw, type=Advance).seconds)
        return self._now()

    async def _handshake(self, raw: bytes) -> object:
        app_id = msgspec.json.decode(raw, type=Handshake).app_id
        if app_id not in self._box.state.apps:
            raise UnknownThingError("no such app in the box")
        return {"verified": await self._box.delivery.handshake(app_id)}

    async def _wishes(self, raw: bytes) -> object:
        wished = msgspec.json.decode(raw, type=Wished)
        return await self._box.delivery.ask(wished.app_id, wished.user_id, wished.wish, wished.login)

    async def _clear_faults(self, _: Request) -> Response:
        self._box.script.clear()
        return _json([])

    async def _books(self, request: Request) -> Response:
        """All of the books, or with `?marker=` the calls and events that hold it."""
        books, marker = self._box.state.books, request.query_params.get("marker", "")
        if marker:
            books = Books(calls=books.posts(marker), events=books.produced(marker=marker))
        return _json(books)

    async def _status(self, _: Request) -> Response:
        return _json(self._now())

    async def _settled(self, request: Request) -> Response:
        """Answers when nothing is owed any more, or when `?seconds=` have passed."""
        try:
            seconds = min(float(request.query_params.get("seconds", "0")), MAX_WAIT)
        except ValueError:
            return _problem("seconds must be a number", 400)
        await self._box.progress.until(lambda: self._box.delivery.pending == 0, seconds)
        return _json(self._now())

    def _now(self) -> Status:
        box = self._box
        return Status(
            now=box.clock.now(),
            pending=box.delivery.pending,
            calls=len(box.state.books.calls),
            events=len(box.state.books.events),
            accounts=len(box.state.accounts),
            faults=box.script.active,
        )


def _handler(work: Callable[[bytes], Awaitable[object]]) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            return _json(await work(await request.body()))
        except UnknownThingError as error:
            return _problem(str(error), 404)
        except (msgspec.DecodeError, ValueError) as error:
            return _problem(str(error), 400)

    return handle


def _fields(raw: bytes) -> dict[str, Any]:
    return msgspec.json.decode(raw, type=dict[str, Any])


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _problem(message: str, status: int) -> Response:
    return _json({"error": message}, status)
