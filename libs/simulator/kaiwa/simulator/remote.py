"""A client of the box's own door, for those who run it as a process of its own (the demo, the chaos tests)."""

from collections.abc import Iterable
from typing import Any, Self, TypeVar

import aiohttp
import msgspec

from kaiwa.runtime.errors import DependencyError, KaiwaError
from kaiwa.simulator.actions import Acted, AnyAction, Unsend, Write
from kaiwa.simulator.books import Books
from kaiwa.simulator.callbacks import Answered
from kaiwa.simulator.control import PREFIX, Status, Wished
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.model import Account, App, Customer, Host
from kaiwa.simulator.people import Person

T = TypeVar("T")


class SimulatorError(KaiwaError):
    """The box refused a command; the message says why."""

    code = 2


class Remote:
    """The box at `url`; an async context manager. The verbs are those of `Simulator`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()

    async def app(self, app_id: str = "1001", **fields: Any) -> App:
        return await self._ask("POST", "apps", App, {"app_id": app_id, **fields})

    async def account(self, **fields: Any) -> Account:
        return await self._ask("POST", "accounts", Account, fields)

    async def customer(self, account_id: str, **fields: Any) -> Customer:
        return await self._ask("POST", "customers", Customer, {"account_id": account_id, **fields})

    async def person(self, **fields: Any) -> Person:
        """Somebody at a business who can log in."""
        return await self._ask("POST", "people", Person, fields)

    async def act(self, actions: Iterable[AnyAction]) -> list[Acted]:
        """Let people do things, in this order."""
        return await self._ask("POST", "actions", list[Acted], list(actions))

    async def write(
        self, customer: Customer, text: str, *, at: float | None = None, delay: float = 0.0
    ) -> str:
        """A customer's text message; its mid."""
        message = Write(
            account_id=customer.account_id, customer_id=customer.customer_id, text=text, at=at, delay=delay
        )
        return (await self.act([message]))[0].id or ""

    async def unsend(self, mid: str, *, delay: float = 0.0) -> None:
        await self.act([Unsend(mid=mid, delay=delay)])

    async def fault(self, *faults: Fault) -> None:
        await self._ask("POST", "faults", list[Fault], faults)

    async def clear_faults(self) -> None:
        await self._ask("DELETE", "faults", list[Fault])

    async def advance(self, seconds: float) -> Status:
        return await self._ask("POST", "clock", Status, {"seconds": seconds})

    async def handshake(self, app_id: str = "1001") -> bool:
        answer = await self._ask("POST", "handshake", dict[str, bool], {"app_id": app_id})
        return answer["verified"]

    async def forget_me(self, user_id: str, *, app_id: str = "1001", login: Host = "facebook") -> Answered:
        """A person asks the app to delete their data."""
        return await self._wish(Wished(app_id, user_id, "delete", login))

    async def deauthorize(self, user_id: str, *, app_id: str = "1001", login: Host = "facebook") -> Answered:
        """A person removes the app."""
        return await self._wish(Wished(app_id, user_id, "deauthorize", login))

    async def _wish(self, wished: Wished) -> Answered:
        return await self._ask("POST", "wishes", Answered, wished)

    async def books(self, marker: str = "") -> Books:
        """All of the books, or the calls and events that hold the marker."""
        return await self._ask("GET", "books", Books, query={"marker": marker})

    async def status(self) -> Status:
        return await self._ask("GET", "status", Status)

    async def settled(self, seconds: float = 10.0) -> bool:
        """Wait until every event was acknowledged; False when some are still owed then."""
        status = await self._ask("GET", "settled", Status, query={"seconds": str(seconds)})
        return status.pending == 0

    async def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: object = None,
        query: dict[str, str] | None = None,
    ) -> T:
        if self._http is None:
            raise RuntimeError("enter the client first: async with Remote(url)")
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._http.request(
                method, f"{self._url}{PREFIX}/{path}", data=data, params=query
            ) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise DependencyError(
                f"no simulator answers at {self._url}: start it, or name its --url"
            ) from error
        if not answer.ok:
            raise SimulatorError(_why(raw))
        return msgspec.json.decode(raw, type=kind)


def _why(raw: bytes) -> str:
    try:
        return msgspec.json.decode(raw, type=dict[str, str])["error"]
    except (msgspec.DecodeError, KeyError):
        return "the simulator could not do this: is its version the same as yours?"
