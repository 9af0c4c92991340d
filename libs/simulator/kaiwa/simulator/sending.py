"""The messages edge: judges a Send call and, when it passes, makes the message and its echoes (sections 2 to 4).

A call is first received (who calls, how often, which fault it meets), then judged. The server may cut it off in
between: then the platform never accepted it, and the books say `broken`.
"""

from typing import Any, cast

import msgspec

from kaiwa.simulator import items, routing, rules, uploads
from kaiwa.simulator.body import Send, parse_send
from kaiwa.simulator.books import Call, Event
from kaiwa.simulator.errors import GraphError, Refusal, Rule, refuse
from kaiwa.simulator.faults import Fault, Script
from kaiwa.simulator.model import DAY, Account, App, Control, Host, Message, RateClass, Thread
from kaiwa.simulator.routing import Edge, Switchboard
from kaiwa.simulator.state import State


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A POST as it arrived; `body` is the parsed JSON, None when it is none."""

    host: Host
    version: str
    node: str
    token: str | None
    proof: str | None
    body: Any
    edge: str = "messages"


class Checked(msgspec.Struct, frozen=True):
    """A call of a known caller, to the right node, within its limit, with a body that passed."""

    account: Account
    app: App
    send: Send
    scopes: frozenset[str]


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A call that has been counted but not judged: checked, or with what it has already earned."""

    call: Call
    standing: Checked | GraphError
    fault: Fault | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to give, and the events that the acceptance made."""

    error: GraphError | None = None
    answer: dict[str, Any] = {}
    events: list[Event] = []


class Desk:
    """Receives and judges; all it changes is the state."""

    def __init__(self, state: State, script: Script) -> None:
        self._state = state
        self._script = script
        self.switchboard = Switchboard(state)

    def receive(self, post: Post, *, now: float, arrived: float) -> Received:
        """Note the call, count it against its limit, and draw the fault it meets."""
        call = Call(n=len(self._state.books.calls), at=now, arrived=arrived, host=post.host, body=post.body)
        self._state.books.calls.append(call)
        try:
            account, app = self._state.authenticate(post.host, post.version, post.token, post.proof, now)
        except Refusal as refusal:
            return Received(call=call, standing=refusal.error)
        call.account_id, call.app_id = account.account_id, app.app_id
        send, scopes = _parsed(post), self._state.scopes_of(post.token)
        if isinstance(send, Send):
            call.kind, call.tag, call.rate = send.kind, send.tag, self._rate(send)
            call.customer_id, call.comment_id = send.customer_id, send.comment_id
        in_limit = self._state.arrive(account, app.app_id, call.rate, arrived)
        fault = self._script.for_call(account.account_id, call.kind, call.content or "")
        call.fault = fault.name if fault else None
        error = _node_error(account, post.node) or (None if in_limit else _TOO_MANY)
        standing = error or (Checked(account, app, send, scopes) if isinstance(send, Send) else send)
        return Received(call=call, standing=standing, fault=fault)

    def judge(self, received: Received, now: float) -> Verdict:
        """Accept or refuse by the platform's rules."""
        match received.standing:
            case GraphError() as error:
                return self.refuse(received, error)
            case Checked() as checked:
                try:
                    return self._accept(received.call, checked, now)
                except Refusal as refusal:
                    return self.refuse(received, refusal.error)

    def refuse(self, received: Received, error: GraphError) -> Verdict:
        """Refuse with this error, also one on demand."""
        call = received.call
        call.outcome, call.rule, call.code, call.subcode = "refused", error.rule, error.code, error.subcode
        return Verdict(error=error)

    def _rate(self, send: Send) -> RateClass:
        if send.comment_id is None:
            return send.rate
        comment = self._state.comments.get(send.comment_id)
        return "live_reply" if comment and comment.live else "private_reply"

    def _accept(self, call: Call, checked: Checked, now: float) -> Verdict:
        account, app, send = checked.account, checked.app, checked.send
        rules.check_account(account, app, checked.scopes)
        if send.comment_id is not None:
            comment = rules.check_comment(self._state.comments.get(send.comment_id), account, now)
            thread = self._state.thread(account.account_id, comment.customer_id)
            rules.check_references(account, thread, send, self._state.uploads_of(account))
            comment.open = False
        elif send.kind == "upload":
            return self._upload(call, account)
        elif send.kind == "control":
            return self._control(call, checked, now)
        else:
            thread = self._recipient(account, send.customer_id or "")
            rules.check_references(account, thread, send, self._state.uploads_of(account))
            rules.check_ownership(account, thread, app.app_id, now)
            rules.check_window(account, thread, send.tag, now)
            _take_control(account, thread, app.app_id, send, now)
        call.outcome, call.customer_id = "accepted", thread.customer_id
        answer: dict[str, Any] = {"recipient_id": thread.customer_id}
        if send.message is None:
            return Verdict(answer=answer)
        thread.replied = True
        call.mid = self._state.ids.mid()
        events = self.speak(
            account, thread, call.mid, send.message, now, reply_to=send.reply_to, app_id=app.app_id
        )
        events += self._hand_over(thread, app.app_id, send.control, now)
        return Verdict(answer=answer | {"message_id": call.mid}, events=events)

    def _upload(self, call: Call, account: Account) -> Verdict:
        if account.login != "facebook":
            raise refuse(Rule.PATH, "Unknown path components", code=2500)
        call.outcome = "accepted"
        attachment_id = self._state.ids.node()
        self._state.uploads.setdefault(account.account_id, set()).add(attachment_id)
        return Verdict(answer={"attachment_id": attachment_id})

    def _control(self, call: Call, checked: Checked, now: float) -> Verdict:
        thread = self._recipient(checked.account, checked.send.customer_id or "")
        events = self.switchboard.call(checked.account, thread, checked.app.app_id, checked.send, now)
        call.outcome = "accepted"
        return Verdict(answer={"success": True}, events=events)

    def _recipient(self, account: Account, customer_id: str) -> Thread:
        if (account.account_id, customer_id) not in self._state.customers:
            raise refuse(Rule.RECIPIENT, "No matching user found", subcode=2534014)
        return self._state.thread(account.account_id, customer_id)

    def speak(
        self,
        account: Account,
        thread: Thread,
        mid: str,
        message: dict[str, Any],
        now: float,
        *,
        reply_to: str | None = None,
        app_id: str | None = None,
        delay: float = 0.0,
    ) -> list[Event]:
        """A message from the account's side, whoever wrote it: keep it and echo it to every app."""
        parts = items.echo_parts(message, self._state.ids)
        text, attachments = parts.get("text"), parts.get("attachments", [])
        kept = Message(mid=mid, at=now, from_customer=False, text=text, attachments=attachments)
        self._state.keep(thread, kept)
        echo: dict[str, Any] = {"mid": mid, "is_echo": True, **parts}
        if reply_to is not None:
            echo["reply_to"] = {"mid": reply_to, "is_self_reply": False}
        if app_id is not None and account.echo_app_id:
            echo["app_id"] = int(app_id)
        item = items.from_account(thread.account_id, thread.customer_id, now, {"message": echo})
        return self._state.publish(thread, "echo", item, now=now, at=now, delay=delay, mid=mid, text=text)

    def _hand_over(
        self, thread: Thread, app_id: str, control: dict[str, str] | None, now: float
    ) -> list[Event]:
        match control:
            case {"control_type": "pass", "app_id": target}:
                return self.switchboard.give(thread, app_id, target, now)
            case {"control_type": "release"}:
                thread.control = None
                return []
            case _:
                return []


_TOO_MANY = refuse(Rule.RATE, "Instagram messaging API rate limit exceeded", code=613, subcode=2534040).error


def _parsed(post: Post) -> Send | GraphError:
    try:
        match post.edge:
            case "messages":
                return parse_send(post.body)
            case uploads.EDGE:
                return uploads.parse(post.body)
            case edge:
                return routing.parse(cast("Edge", edge), post.body)
    except Refusal as refusal:
        return refusal.error


def _node_error(account: Account, node: str) -> GraphError | None:
    try:
        rules.check_node(account, node)
    except Refusal as refusal:
        return refusal.error
    return None


def _take_control(account: Account, thread: Thread, app_id: str, send: Send, now: float) -> None:
    """Whoever may answer an idle thread owns it then; a tagged message does not take control (section 3.2)."""
    idle = thread.owner(now) is None
    if account.default_app is not None and idle and send.tag is None and thread.opened_at is not None:
        thread.control = Control(app_id, thread.opened_at + DAY)
