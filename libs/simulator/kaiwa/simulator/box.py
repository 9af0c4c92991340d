"""The composition of the box: one state, and all that acts on it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from kaiwa.simulator import reading, sending
from kaiwa.simulator.acting import Stage
from kaiwa.simulator.actions import Acted, AnyAction
from kaiwa.simulator.books import Event
from kaiwa.simulator.clock import Clock
from kaiwa.simulator.delivery import Delivery, DeliverySettings
from kaiwa.simulator.dialogs import Dialogs
from kaiwa.simulator.faults import Fault, Script
from kaiwa.simulator.ids import Ids
from kaiwa.simulator.model import Account, App, Customer
from kaiwa.simulator.people import Person
from kaiwa.simulator.progress import Progress
from kaiwa.simulator.state import State, UnknownThingError


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the box starts with. Left-out ids, secrets and tokens of apps, accounts and customers are made up."""

    delivery: DeliverySettings = DeliverySettings()
    time_scale: float = 1.0
    apps: list[dict[str, Any]] = []
    accounts: list[dict[str, Any]] = []
    customers: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    faults: list[Fault] = []
    actions: list[AnyAction] = []


class Box:
    """Meta without its doors. `now` comes from the clock, arrival times from the machine's own."""

    def __init__(self, *, seed: int | None, delivery: DeliverySettings, time_scale: float) -> None:
        self.clock = Clock(scale=time_scale)
        self.ids = Ids(seed)
        self.state = State(self.ids)
        self.script = Script(seed)
        self.progress = Progress()
        self.sending = sending.Desk(self.state, self.script)
        self.reading = reading.Desk(self.state)
        self.dialogs = Dialogs(self.state)
        self.stage = Stage(self.state, self.sending)
        self.delivery = Delivery(
            self.state, self.script, self.clock, self.progress, settings=delivery, seed=seed
        )

    def load(self, scenario: Scenario) -> None:
        for fields in scenario.apps:
            self.add_app(fields)
        for fields in scenario.accounts:
            self.add_account(fields)
        for fields in scenario.customers:
            self.add_customer(fields)
        for fields in scenario.people:
            self.add_person(fields)
        for fault in scenario.faults:
            self.script.add(fault)
        for action in scenario.actions:
            self.act(action)

    def add_app(self, fields: dict[str, Any]) -> App:
        """An app; without `secret` it gets one."""
        app = msgspec.convert({"secret": self.ids.secret()} | fields, App)
        self.state.put_app(app)
        return app

    def add_account(self, fields: dict[str, Any]) -> Account:
        """An account; without `tokens` every app that the box knows is connected with a new one."""
        login = fields.get("login", "facebook")
        made_up = {
            "account_id": self.ids.account(),
            "login": login,
            "page_id": self.ids.page() if login == "facebook" else None,
            "tokens": {app_id: self.ids.token(login) for app_id in self.state.apps},
        }
        account = msgspec.convert(made_up | fields, Account)
        self.state.put_account(account, self.clock.now())
        return account

    def add_customer(self, fields: dict[str, Any]) -> Customer:
        """A customer of `account_id`; the only account when the box has one."""
        made_up = {"customer_id": self.ids.customer()}
        if "account_id" not in fields:
            if len(self.state.accounts) != 1:
                raise UnknownThingError("say whose customer it is: account_id")
            made_up["account_id"] = next(iter(self.state.accounts))
        customer = msgspec.convert(made_up | fields, Customer)
        self.state.put_customer(customer)
        return customer

    def add_person(self, fields: dict[str, Any]) -> Person:
        """Somebody who can log in."""
        person = msgspec.convert({"person_id": self.ids.customer()} | fields, Person)
        for account_id in person.account_ids:
            if self.state.account(account_id).login != person.login:
                raise ValueError("a person and their accounts have the same login")
        self.state.people[person.person_id] = person
        return person

    def act(self, action: AnyAction) -> Acted:
        """Let a person do something, and deliver what comes of it."""
        made, events = self.stage.act(action, self.clock.now())
        self.deliver(events)
        return Acted(id=made, events=len(events))

    def deliver(self, events: Iterable[Event]) -> None:
        self.delivery.submit(events)
        self.progress.tick()
