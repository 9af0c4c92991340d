"""The platform's memory, and how an occurrence becomes one event for each connected app."""

import hmac
import re
from typing import Any

import msgspec

from kaiwa.meta.signatures import appsecret_proof
from kaiwa.simulator.books import Books, Event, Stream
from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.ids import Ids
from kaiwa.simulator.items import for_standby, test_change
from kaiwa.simulator.model import Account, App, Comment, Customer, Host, Message, RateClass, Thread
from kaiwa.simulator.people import Person
from kaiwa.simulator.rates import SlidingWindow
from kaiwa.simulator.tokens import FIELDS, Token, issue

_VERSIONS = re.compile(r"v2[456]\.0")


class UnknownThingError(LookupError):
    """The box knows no such thing; the message says what kind of thing."""


class State:
    """Everything the box remembers. Not shared between threads; the event loop owns it."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.books = Books()
        self.apps: dict[str, App] = {}
        self.accounts: dict[str, Account] = {}
        self.customers: dict[tuple[str, str], Customer] = {}
        self.comments: dict[str, Comment] = {}
        self.activated: set[str] = set()
        self.uploads: dict[str, set[str]] = {}
        self._threads: dict[tuple[str, str], Thread] = {}
        self._conversations: dict[str, Thread] = {}
        self._mids: dict[str, Thread] = {}
        self.tokens: dict[str, Token] = {}
        self.people: dict[str, Person] = {}
        self._scoped: dict[tuple[str, str], str] = {}
        self.subscriptions: dict[tuple[str, str], frozenset[str]] = {}
        self._windows: dict[tuple[str, str, RateClass], SlidingWindow] = {}

    # What a scenario sets up.

    def put_app(self, app: App) -> None:
        self.apps[app.app_id] = app

    def put_account(self, account: Account, now: float = 0.0) -> None:
        """Add an account, or change it: its old tokens stop working, those that it keeps are issued anew."""
        if missing := sorted(set(account.tokens) - set(self.apps)):
            raise UnknownThingError(f"no app {missing[0]}: add the app before its account")
        self.tokens = {t: token for t, token in self.tokens.items() if token.account_id != account.account_id}
        for app_id, token in account.tokens.items():
            if token in self.tokens:
                raise ValueError("each app and account needs a token of its own")
            self.tokens[token] = issue(account, app_id, now)
            self.subscriptions[account.account_id, app_id] = (
                FIELDS[account.login] if account.subscribed else frozenset()
            )
        self.accounts[account.account_id] = account
        for key in [key for key in self._windows if key[0] == account.account_id]:
            del self._windows[key]

    def connect(
        self, account_id: str, app_id: str, scopes: frozenset[str], now: float, expires_at: float | None
    ) -> str:
        """A token from a login; from now on it is the one that this app holds of the account."""
        account = self.account(account_id)
        name = self.ids.token(account.login)
        self.tokens[name] = Token(
            account_id=account_id,
            app_id=app_id,
            login=account.login,
            issued_at=now,
            expires_at=expires_at,
            scopes=scopes,
        )
        self.accounts[account_id] = msgspec.structs.replace(account, tokens={**account.tokens, app_id: name})
        self.subscriptions.setdefault((account_id, app_id), frozenset())
        return name

    def scopes_of(self, token: str | None) -> frozenset[str]:
        """What was granted with a token."""
        held = self.tokens.get(token or "")
        return held.scopes if held else frozenset()

    def scoped(self, account_id: str, app_id: str) -> str:
        """The id by which this app knows the person behind an account."""
        key = account_id, app_id
        if key not in self._scoped:
            self._scoped[key] = self.ids.customer()
        return self._scoped[key]

    def put_customer(self, customer: Customer) -> None:
        self.account(customer.account_id)
        self.customers[customer.account_id, customer.customer_id] = customer

    # What is asked of it.

    def app(self, app_id: str) -> App:
        if (app := self.apps.get(app_id)) is None:
            raise UnknownThingError("no such app in the box")
        return app

    def account(self, account_id: str) -> Account:
        if (account := self.accounts.get(account_id)) is None:
            raise UnknownThingError("no such account in the box")
        return account

    def customer(self, account_id: str, customer_id: str) -> Customer:
        if (customer := self.customers.get((account_id, customer_id))) is None:
            raise UnknownThingError("no such customer of this account in the box")
        return customer

    def thread(self, account_id: str, customer_id: str) -> Thread:
        """The thread of these two, begun if there is none yet."""
        key = account_id, customer_id
        if (thread := self._threads.get(key)) is None:
            conversation_id = self.ids.conversation()
            thread = Thread(conversation_id=conversation_id, account_id=account_id, customer_id=customer_id)
            self._threads[key] = self._conversations[conversation_id] = thread
        return thread

    def known_thread(self, account_id: str, customer_id: str) -> Thread | None:
        return self._threads.get((account_id, customer_id))

    def threads(self, account_id: str) -> list[Thread]:
        return [thread for thread in self._threads.values() if thread.account_id == account_id]

    def conversation(self, conversation_id: str) -> Thread | None:
        return self._conversations.get(conversation_id)

    def uploads_of(self, account: Account) -> set[str]:
        """The attachments that this account may send by their ids."""
        return self.uploads.get(account.account_id, set()) | account.uploads

    def keep(self, thread: Thread, message: Message) -> None:
        thread.add(message)
        self._mids[message.mid] = thread

    def message(self, mid: str) -> tuple[Thread, Message]:
        thread = self._mids.get(mid)
        message = thread.find(mid) if thread else None
        if thread is None or message is None:
            raise UnknownThingError("no such message in the box")
        return thread, message

    def authenticate(
        self, host: Host, version: str, token: str | None, proof: str | None, now: float = 0.0
    ) -> tuple[Account, App]:
        """Who calls: the account and the app that this token stands for, on its own host only."""
        if not _VERSIONS.fullmatch(version):
            raise refuse(Rule.PATH, "Unknown path components", code=2500)
        known = self.tokens.get(token or "")
        account = self.accounts.get(known.account_id) if known else None
        if token is None or known is None or account is None or account.login != host:
            raise refuse(Rule.AUTH, "Invalid OAuth access token", code=190, status=401)
        if fault := known.fault(now):
            raise Refusal(fault)
        app = self.apps[known.app_id]
        if proof is None and not app.require_proof:
            return account, app
        expected = appsecret_proof(app.secret_for(account.login), token)
        if not hmac.compare_digest(expected.encode(), (proof or "").encode()):
            raise refuse(Rule.AUTH, "Invalid appsecret_proof provided in the API argument")
        return account, app

    def arrive(self, account: Account, app_id: str, rate: RateClass, arrived: float) -> bool:
        """Count a call; False when it is above the limit of its class."""
        key = account.account_id, app_id, rate
        if (window := self._windows.get(key)) is None:
            window = self._windows[key] = SlidingWindow(*account.limit(rate))
        return window.arrive(arrived)

    # What leaves it.

    def publish(
        self,
        thread: Thread,
        kind: str,
        item: dict[str, Any],
        *,
        now: float,
        at: float,
        delay: float = 0.0,
        mid: str | None = None,
        text: str | None = None,
        only: str | None = None,
        stream: Stream | None = None,
    ) -> list[Event]:
        """One event for each connected app that has a callback (or for `only` one of them), in its stream."""
        account = self.account(thread.account_id)
        if account.creator and account.account_id not in self.activated:
            return []
        listeners = [
            app_id
            for app_id in account.tokens
            if self.apps[app_id].callback_url and self.subscriptions[account.account_id, app_id]
        ]
        events = []
        for app_id in listeners if only is None else [app for app in listeners if app == only]:
            lane = stream or ("changes" if "field" in item else stream_of(account, thread, app_id, now))
            event = Event(
                n=len(self.books.events),
                app_id=app_id,
                login=account.login,
                account_id=account.account_id,
                customer_id=thread.customer_id,
                kind=kind,
                stream=lane,
                item=for_standby(item) if lane == "standby" else item,
                at=at,
                produced_at=now,
                mid=mid,
                text=text,
                delay=delay,
            )
            self.books.events.append(event)
            events.append(event)
        return events


def dashboard_test(state: State, app_id: str, field: str, now: float) -> Event:
    """What the dashboard's "Test" button sends: `changes` of account 0, strangers' ids, seconds as text (1.4)."""
    state.app(app_id)
    event = Event(
        n=len(state.books.events),
        app_id=app_id,
        login="facebook",
        account_id="0",
        customer_id="12334",
        kind="test",
        stream="changes",
        item=test_change(field),
        at=now,
        produced_at=now,
    )
    state.books.events.append(event)
    return event


def stream_of(account: Account, thread: Thread, app_id: str, now: float) -> Stream:
    """Zero-config: everybody gets everything. With routing the owner listens, in an idle thread the default app."""
    if account.default_app is None:
        return "messaging"
    return "messaging" if (thread.owner(now) or account.default_app) == app_id else "standby"
