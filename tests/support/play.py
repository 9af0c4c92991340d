"""Builders for the simulator's pure parts: one shop, one customer, sends and actions at chosen times."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kaiwa.simulator import reading
from kaiwa.simulator.acting import Stage
from kaiwa.simulator.actions import AnyAction, Write
from kaiwa.simulator.books import Call, Event
from kaiwa.simulator.errors import Refusal
from kaiwa.simulator.faults import Script
from kaiwa.simulator.ids import Ids
from kaiwa.simulator.model import Account, App, Customer, Thread
from kaiwa.simulator.sending import Desk, Post, Received, Verdict
from kaiwa.simulator.state import State

NOW = 1_795_000_000.0
SHOP = "17841400000000001"
PAGE = "102900000000001"
ALICE = "1111111111111111"
_NOTHING: Mapping[str, str] = MappingProxyType({})
HOOK = "http://127.0.0.1:1/hook"


class Play:
    """The platform at NOW; arrivals are far apart unless a test says otherwise."""

    def __init__(self) -> None:
        self.state = State(Ids(1))
        self.script = Script(1)
        self.desk = Desk(self.state, self.script)
        self.stage = Stage(self.state, self.desk)
        self.reader = reading.Desk(self.state)
        for app_id in ("1001", "2002"):
            self.state.put_app(App(app_id=app_id, secret=f"secret-{app_id}", callback_url=HOOK))
        self._arrived = 0.0
        self.shop()
        self.state.put_customer(Customer(account_id=SHOP, customer_id=ALICE, username="alice"))

    def shop(self, **fields: Any) -> Account:
        """The shop with these fields changed."""
        standard: dict[str, Any] = {
            "account_id": SHOP,
            "login": "facebook",
            "page_id": PAGE,
            "tokens": {"1001": "token-1001", "2002": "token-2002"},
        }
        account = Account(**(standard | fields))
        self.state.put_account(account, NOW)
        return account

    @property
    def thread(self) -> Thread:
        return self.state.thread(SHOP, ALICE)

    def act(self, action: AnyAction, now: float = NOW) -> tuple[str, list[Event]]:
        made, events = self.stage.act(action, now)
        return made or "", events

    def write(self, text: str = "hello", *, at: float | None = None, now: float = NOW, **more: Any) -> str:
        return self.act(Write(account_id=SHOP, customer_id=ALICE, text=text, at=at, **more), now)[0]

    def receive(
        self, body: Any = None, *, now: float = NOW, arrived: float | None = None, **post: Any
    ) -> Received:
        """Let a call arrive; the shop's own text to Alice when no body is given."""
        self._arrived += 3600.0
        standard: dict[str, Any] = {
            "host": "facebook",
            "version": "v26.0",
            "node": "me",
            "token": "token-1001",
            "proof": None,
            "body": text_to(ALICE) if body is None else body,
        }
        made = Post(**(standard | post))
        return self.desk.receive(made, now=now, arrived=self._arrived if arrived is None else arrived)

    def send(self, body: Any = None, *, now: float = NOW, **more: Any) -> Verdict:
        """Receive and judge."""
        return self.desk.judge(self.receive(body, now=now, **more), now)

    @property
    def last(self) -> Call:
        return self.state.books.calls[-1]

    def read(
        self,
        path: str,
        query: Mapping[str, str] = _NOTHING,
        *,
        now: float = NOW,
        arrived: float | None = None,
    ) -> Any:
        """The answer, or the code and subcode of the refusal."""
        self._arrived += 3600.0
        account, app = self.state.authenticate("facebook", "v26.0", "token-1001", None, 0)
        try:
            return self.reader.read(
                account, app, path, query, now=now, arrived=self._arrived if arrived is None else arrived
            )
        except Refusal as refusal:
            return code(Verdict(error=refusal.error))


def code(verdict: Verdict) -> tuple[int, int | None] | None:
    """(code, subcode) of a refusal, None of an acceptance."""
    return None if verdict.error is None else (verdict.error.code, verdict.error.subcode)


def text_to(customer_id: str, text: str = "Yes", **more: Any) -> dict[str, Any]:
    return {"recipient": {"id": customer_id}, "message": {"text": text}, **more}


HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
