"""Conversation routing: the five calls that change a thread's owner, and the mode of an account (section 6).

With a default app routing is on: the owner answers, the others stand by. Without one (zero-config) every connected app
gets everything and may answer; ownership then says only who is asked for control.
"""

from typing import Any, Literal

from kaiwa.simulator import items
from kaiwa.simulator.body import Send
from kaiwa.simulator.books import Event
from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.model import DAY, Account, Control, Thread
from kaiwa.simulator.state import State

Edge = Literal[
    "pass_thread_control",
    "take_thread_control",
    "release_thread_control",
    "request_thread_control",
    "extend_thread_control",
]

INBOXES = frozenset({"263902037430900", "1217981644879628"})
"""The Page Inbox and the Instagram Inbox: apps that every account has."""

LONGEST = 7 * DAY

_EXTRA: dict[Edge, set[str]] = {
    "pass_thread_control": {"target_app_id"},
    "take_thread_control": set(),
    "release_thread_control": set(),
    "request_thread_control": set(),
    "extend_thread_control": {"duration"},
}


def parse(edge: Edge, body: Any) -> Send:
    """The checked body of a call to an edge, or a refusal."""
    match body:
        case {"recipient": {"id": str(customer_id)}, **rest} if customer_id:
            extra: dict[str, Any] = {str(key): value for key, value in rest.items() if key != "metadata"}
        case _:
            raise refuse(Rule.BODY, "recipient must hold an id, as a string")
    if unknown := sorted(set(extra) - _EXTRA[edge]):
        raise refuse(Rule.BODY, f"Unexpected parameter {unknown[0]}")
    duration = extra.get("duration")
    if edge == "extend_thread_control" and not (isinstance(duration, int) and 1 <= duration <= LONGEST):
        raise refuse(Rule.BODY, "duration must be 1 to 604800 seconds")
    return Send(
        kind="control",
        customer_id=customer_id,
        comment_id=None,
        tag=None,
        message=None,
        reply_to=None,
        action=edge,
        control={key: str(value) for key, value in extra.items()},
    )


class Switchboard:
    """Changes owners and tells those whom the platform tells."""

    def __init__(self, state: State) -> None:
        self._state = state

    def status(self, account: Account) -> dict[str, Any]:
        """`messaging_feature_status`, read as: hop_v2 is routing, ig_multi_app several apps without it."""
        routed = account.default_app is not None
        several = not routed and len(account.tokens) > 1
        return {"hop_v2": routed, "msgr_multi_app": True, "ig_multi_app": several}

    def call(self, account: Account, thread: Thread, app_id: str, send: Send, now: float) -> list[Event]:
        """Do what a checked call asks for, or refuse it."""
        if account.login != "facebook":
            raise refuse(Rule.PATH, "Unknown path components", code=2500)
        asked = send.control or {}
        owner = thread.owner(now)
        match send.action:
            case "pass_thread_control":
                target = asked.get("target_app_id") or account.default_app
                self._may_pass(account, owner, app_id, target)
                return self.give(thread, owner, str(target), now)
            case "take_thread_control":
                return self._take(account, thread, app_id, now)
            case "request_thread_control":
                return self._request(account, thread, app_id, now)
            case "release_thread_control":
                _owns(owner, app_id)
                thread.control = None
                return []
            case _:
                _owns(owner, app_id)
                thread.control = Control(app_id, now + float(asked["duration"]))
                return []

    def give(
        self, thread: Thread, previous: str | None, target: str, now: float, delay: float = 0
    ) -> list[Event]:
        """Give the thread to an app; the new owner is told."""
        thread.control = Control(target, max((thread.opened_at or now) + DAY, now))
        change = {"previous_owner_app_id": previous, "new_owner_app_id": target}
        return self._tell(thread, "pass", {"pass_thread_control": change}, target, now, delay=delay)

    def _may_pass(self, account: Account, owner: str | None, app_id: str, target: str | None) -> None:
        if owner not in {None, app_id}:
            raise _not_owner()
        if target == app_id or target not in {*account.tokens, *INBOXES}:
            raise refuse(Rule.BODY, "target_app_id must be another app of this account")

    def _take(self, account: Account, thread: Thread, app_id: str, now: float) -> list[Event]:
        if account.default_app is None:
            raise refuse(Rule.ROUTING, "Taking control needs conversation routing", code=27)
        if account.may_take is not None and app_id not in account.may_take:
            raise refuse(Rule.ROUTING, "This app may not take control", code=2018171)
        previous = thread.owner(now)
        if previous == app_id:
            return []
        thread.control = Control(app_id, max((thread.opened_at or now) + DAY, now))
        if previous is None:
            return []
        change = {"previous_owner_app_id": previous, "new_owner_app_id": app_id}
        return self._tell(thread, "take", {"take_thread_control": change}, previous, now)

    def _request(self, account: Account, thread: Thread, app_id: str, now: float) -> list[Event]:
        if account.default_app is not None:
            raise refuse(Rule.ROUTING, "Requesting control is for accounts without conversation routing")
        owner = thread.owner(now)
        if owner is None:
            return self.give(thread, None, app_id, now)
        if owner == app_id:
            return []
        wish = {"requested_owner_app_id": int(app_id)}
        return self._tell(thread, "request", {"request_thread_control": wish}, owner, now)

    def _tell(
        self, thread: Thread, kind: str, part: dict[str, Any], only: str, now: float, *, delay: float = 0
    ) -> list[Event]:
        item = items.from_customer(thread.account_id, thread.customer_id, now, part)
        return self._state.publish(
            thread, kind, item, now=now, at=now, delay=delay, only=only, stream="messaging"
        )


def _owns(owner: str | None, app_id: str) -> None:
    if owner != app_id:
        raise _not_owner()


def _not_owner() -> Refusal:
    return refuse(Rule.OWNERSHIP, "This app is not the thread owner", subcode=2534037)
