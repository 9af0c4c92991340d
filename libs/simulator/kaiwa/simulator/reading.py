"""The reads: conversations, threads, messages, thread owner (platform notes, sections 5 and 6).

Only the 20 newest messages of a thread can be read. Older ones are listed and answer as if deleted, so
"deleted" from here is no proof of an unsend.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kaiwa.simulator import rules
from kaiwa.simulator.books import Read
from kaiwa.simulator.errors import Refusal, Rule, refuse
from kaiwa.simulator.fields import Fields, Selected, parse_fields
from kaiwa.simulator.model import DAY, Account, App, Comment, Message, Thread
from kaiwa.simulator.routing import Switchboard
from kaiwa.simulator.state import State
from kaiwa.simulator.tokens import SCOPES

READABLE = 20
PAGE = 25
REQUESTS_KEPT = 30 * DAY

Json = dict[str, Any]


class Desk:
    """Answers reads of one account, by one app."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._switchboard = Switchboard(state)

    def read(
        self,
        account: Account,
        app: App,
        path: str,
        query: Mapping[str, str],
        *,
        now: float,
        arrived: float,
        scopes: frozenset[str] | None = None,
    ) -> Json:
        """The answer to GET `path` (without host and version), or a refusal. `scopes`: the token's, None for all."""
        note = Read(
            arrived=arrived,
            account_id=account.account_id,
            app_id=app.app_id,
            what="node",
            fields=query.get("fields"),
        )
        try:
            match path.split("/"):
                case [node, "conversations"]:
                    note.what = "conversations"
                    rules.check_node(account, node)
                    self._count(account, app, note)
                    rules.check_account(account, app, SCOPES[account.login] if scopes is None else scopes)
                    return self._conversations(account, app, query, now)
                case [node, "subscribed_apps"]:
                    rules.check_node(account, node)
                    fields = self._state.subscriptions.get((account.account_id, app.app_id))
                    return {
                        "data": [{"id": app.app_id, "subscribed_fields": sorted(fields)}] if fields else []
                    }
                case [node, "thread_owner"]:
                    rules.check_node(account, node)
                    return self._thread_owner(account, app, query.get("recipient", ""), now)
                case ["me"] if "user_id" in (query.get("fields") or ""):
                    return self._me(account, app, query["fields"])
                case ["me"] if query.get("fields") == "messaging_feature_status":
                    return {"messaging_feature_status": self._switchboard.status(account), "id": account.node}
                case [node]:
                    self._count(account, app, note)
                    return self._node(account, app, node, query.get("fields"), now)
                case _:
                    raise refuse(Rule.PATH, "Unknown path components", code=2500)
        except Refusal as refusal:
            note.code = refusal.error.code
            raise

    def _count(self, account: Account, app: App, note: Read) -> None:
        self._state.books.reads.append(note)
        if not self._state.arrive(account, app.app_id, "read", note.arrived):
            raise refuse(Rule.RATE, "Too many calls to the Conversations API", code=613, subcode=2534040)

    def _conversations(self, account: Account, app: App, query: Mapping[str, str], now: float) -> Json:
        if query.get("platform") != "instagram":
            raise refuse(Rule.BODY, "platform must be instagram")
        self._state.activated.add(account.account_id)
        fields = parse_fields(query.get("fields") or "id,updated_time")
        threads = [
            thread
            for thread in self._state.threads(account.account_id)
            if thread.messages
            and query.get("user_id") in {None, thread.customer_id}
            and (thread.replied or now - thread.updated_at < REQUESTS_KEPT)
        ]
        threads.sort(key=lambda thread: thread.updated_at, reverse=True)
        start = int(query.get("after", "0"))
        end = start + PAGE
        paging: Json = {}
        if end < len(threads):
            paging = {"cursors": {"after": str(end)}, "next": f"conversations?after={end}"}
        return {
            "data": [self._thread(account, app, t, fields, now) for t in threads[start:end]],
            "paging": paging,
        }

    def _me(self, account: Account, app: App, fields: str) -> Json:
        """The account that logged in: `user_id` is the one that webhooks carry, `id` is scoped to the app."""
        known = {
            "id": self._state.scoped(account.account_id, app.app_id),
            "user_id": account.account_id,
            "username": account.username,
            "account_type": "MEDIA_CREATOR" if account.creator else "BUSINESS",
        }
        if account.login != "instagram":
            raise _no_field("user_id")
        if unknown := [name for name in parse_fields(fields) if name not in known]:
            raise _no_field(unknown[0])
        return {name: known[name] for name in ["id", *parse_fields(fields)]}

    def _node(self, account: Account, app: App, node: str, fields: str | None, now: float) -> Json:
        if node == account.account_id:
            return {"id": node, "username": account.username}
        comment = self._state.comments.get(node)
        if comment is not None and comment.account_id == account.account_id:
            return _comment(comment, parse_fields(fields or "id,timestamp"))
        thread = self._state.conversation(node)
        if thread is not None and thread.account_id == account.account_id:
            asked = parse_fields(fields or "id,updated_time")
            return self._thread(account, app, thread, asked, now)
        try:
            thread, message = self._state.message(node)
        except LookupError:
            raise refuse(Rule.PATH, "This object does not exist or cannot be loaded", subcode=33) from None
        if thread.account_id != account.account_id:
            raise refuse(Rule.PATH, "This object does not exist or cannot be loaded", subcode=33)
        if message not in _newest(thread)[:READABLE]:
            raise refuse(Rule.GONE, "This message was deleted", code=9000001)
        return self._message(account, thread, message, parse_fields(fields or "id,created_time"))

    def _thread(self, account: Account, app: App, thread: Thread, fields: Fields, now: float) -> Json:
        answer: Json = {"id": thread.conversation_id}
        for name, selected in fields.items():
            match name:
                case "id":
                    continue
                case "updated_time":
                    answer[name] = _time(thread.updated_at)
                case "participants":
                    sides = [self._business(account), self._person(thread)]
                    answer[name] = {"data": sides}
                case "messages":
                    answer[name] = {"data": self._messages(account, thread, selected)}
                case "is_owner" if account.default_app is not None:
                    answer[name] = thread.owner(now) == app.app_id
                case _:
                    raise _no_field(name)
        return answer

    def _messages(self, account: Account, thread: Thread, selected: Selected) -> list[Json]:
        listed = _newest(thread)[: selected.limit or PAGE]
        bare = parse_fields("id,created_time")
        return [
            self._message(account, thread, message, (selected.fields or bare) if n < READABLE else bare)
            for n, message in enumerate(listed)
        ]

    def _message(self, account: Account, thread: Thread, message: Message, fields: Fields) -> Json:
        business, person = self._business(account), self._person(thread)
        sender, receiver = (person, business) if message.from_customer else (business, person)
        answer: Json = {"id": message.mid}
        for name in fields:
            match name:
                case "id":
                    continue
                case "created_time":
                    answer[name] = _time(message.at)
                case "from":
                    answer[name] = sender
                case "to":
                    answer[name] = {"data": [receiver]}
                case "message":
                    answer[name] = message.text or ""
                case "attachments" if message.attachments:
                    answer[name] = {"data": [_media(part) for part in message.attachments]}
                case "attachments" | "shares" | "story" | "reactions" | "is_unsupported":
                    continue  # fields without data are left out
                case _:
                    raise _no_field(name)
        return answer

    def _thread_owner(self, account: Account, app: App, customer_id: str, now: float) -> Json:
        if account.login != "facebook":
            raise refuse(Rule.PATH, "Unknown path components", code=2500)
        thread = self._state.known_thread(account.account_id, customer_id)
        if thread is None:
            raise refuse(Rule.RECIPIENT, "No matching user found", subcode=2534014)
        owner = thread.owner(now)
        if owner is None or thread.control is None:
            return {"data": []}
        shown: Json = {"expiration": int(thread.control.until)}
        if app.app_id in {owner, account.default_app}:
            shown = {"app_id": owner} | shown
        return {"data": [{"thread_owner": shown}]}

    def _business(self, account: Account) -> Json:
        return {"username": account.username, "id": account.account_id}

    def _person(self, thread: Thread) -> Json:
        customer = self._state.customer(thread.account_id, thread.customer_id)
        return {"username": customer.username, "id": customer.customer_id}


def _comment(comment: Comment, fields: Fields) -> Json:
    known = {"id": comment.comment_id, "timestamp": _time(comment.at)}
    for name in fields:
        if name not in known:
            raise _no_field(name)
    return {name: known[name] for name in {"id": None} | fields}


def _newest(thread: Thread) -> list[Message]:
    return [message for message in reversed(thread.messages) if not message.unsent]


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _media(part: Json) -> Json:
    url = part.get("payload", {}).get("url")
    kind = part.get("type")
    return {f"{kind}_data": {"url": url}} if kind in {"image", "video"} else {"file_url": url}


def _no_field(name: str) -> Refusal:
    return refuse(Rule.BODY, f"Tried accessing nonexisting field ({name})")
