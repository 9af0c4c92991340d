"""Requests into the database: each once, refused at once where nothing but the request is needed to see why."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from kaiwa.bus.records import Record, header_text
from kaiwa.contracts import ids, topics
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.contracts.partition import of_conversation
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.sends import SendRequest, chosen_tag, decode
from kaiwa.contracts.times import from_ms, parse
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.dispatcher import comments, endings, queues
from kaiwa.dispatcher.contents import Contents, Saying
from kaiwa.dispatcher.core.faults import Fault
from kaiwa.dispatcher.core.intake import addressable, due_at, fault, registry_fault, tag_fault
from kaiwa.dispatcher.core.unit import Content, contents, handover
from kaiwa.dispatcher.knowledge import Needed, Positions, needs, unknown
from kaiwa.dispatcher.outcomes import Told, Words, report, words
from kaiwa.dispatcher.portions import portions
from kaiwa.dispatcher.queues import Place, Room
from kaiwa.dispatcher.rows import Row, bucket_of
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_UNTOLD = dict.fromkeys(("evidence", "tag", "disclosure", "window_closes_at")) | {"attempt": 0}
"""What an outcome may tell and a new request does not have."""

_ACTIONS = {"escalate", "release", "cancel"}


class Taken(msgspec.Struct, frozen=True):
    """A request that can be read, when Kafka got it, and the trace it belongs to. ``chosen``: the field by which it would
    choose a tag.
    """

    intent_id: str
    request: SendRequest
    appended_at: datetime
    traceparent: str | None
    chosen: str | None = None


class TakenIn(NamedTuple):
    """Of a batch: the queues in which something new may go now, and how many requests were what."""

    joined: Counter[Place]
    were: Counter[str]
    needs: Mapping[Place, Positions]
    """Of queues that automation alone has joined: what has to be known before it speaks."""
    applied: Positions
    """How far it was known when the batch began."""

    def note(self) -> None:
        """Once it has committed."""
        for what, many in self.were.items():
            metrics.INTAKE.labels(what).inc(many)


class Intake:
    def __init__(self, vault: Contents, *, partitions: int) -> None:
        self._vault = vault
        self._partitions = partitions

    async def speaking(self, source: asyncpg.Pool, taken: Mapping[str, Taken]) -> dict[str, tuple[Room, int]]:
        """Of automation's requests, by their intents' ids: the conversation, and where its events are; without those that
        answer a comment of nobody knows whom.
        """
        asked = {
            name: item.request for name, item in taken.items() if item.request.author.kind == "automation"
        }
        named = {
            (one.account_id, one.recipient.comment_id)
            for one in asked.values()
            if one.recipient.comment_id and not one.recipient.customer_id
        }
        wrote = await comments.commenters(source, named)
        rooms = {
            name: (one.account_id, customer_id)
            for name, one in asked.items()
            if (
                customer_id := one.recipient.customer_id
                or wrote.get((one.account_id, one.recipient.comment_id or ""))
            )
        }
        return {name: (room, of_conversation(*room, self._partitions)) for name, room in rooms.items()}

    async def take_in(
        self, connection: Connection, taken: dict[str, Taken], needed: Needed = unknown
    ) -> TakenIn:
        """By their intents' ids; what is known already stays as it is."""
        names = list({item.request.account_id for item in taken.values()})
        found = [row async for row in _sql.before_intake(connection, ids=names)]
        known, now = {row["account_id"]: row for row in found}, found[0]["now"]
        rows: list[dict[str, Any]] = []
        async for some in portions(list(taken.values())):
            for item in some:
                row = _row(item, known.get(item.request.account_id), now)
                customer_id = row["customer_id"]
                row["ordinal"] = len(rows)
                row["partition"] = self._partition(row["account_id"], customer_id) if customer_id else None
                row["events_end"] = needed(row["intent_id"])
                rows.append(row)
        new = await self._insert(connection, taken, rows, now)
        fresh = [row for row in rows if row["intent_id"] in new]
        were = Counter("refused" if row["state"] == "refused" else "accepted" for row in fresh)
        were["repeated"] = len(rows) - len(new)
        for row in fresh:
            if not row["seq"]:  # it needs no call
                await _act(connection, row["intent_id"], taken[row["intent_id"]].request, now)
        rooms = sorted({(row["account_id"], row["customer_id"]) for row in fresh if row["customer_id"]})
        accounts, customers = zip(*rooms, strict=True) if rooms else ((), ())
        joined = await queues.refresh(connection, accounts=accounts, customers=customers)
        return TakenIn(joined, were, needs(fresh), dict(found[0]["applied"] or ()))

    async def _insert(
        self, connection: Connection, taken: dict[str, Taken], rows: list[dict[str, Any]], now: datetime
    ) -> set[str]:
        """All that a new request leaves in the database: it, what it says, and what its caller is told; which are new."""
        kept, told = {}, dict[str, Words]()
        async for some in portions(rows):
            for row in some:
                request = taken[name := row["intent_id"]].request
                if row["state"] == "queued" and request.kind == "message" and request.message:
                    kept[name] = self._vault.seal(name, Saying(request.message, request.reply_to))
            answered = [row for row in some if row["seq"]]
            said = words([_told(row, now) for row in answered])
            told.update(zip((row["intent_id"] for row in answered), said, strict=True))
        inserted = _sql.take_in(
            connection,
            rows=rows,
            kept=list(kept),
            sealed=list(kept.values()),
            topic=topics.OUTCOMES,
            told=list(told),
            keys=[item.key for item in told.values()],
            outcomes=[item.value for item in told.values()],
            headers=[item.headers for item in told.values()],
            measured=[item.measured for item in told.values()],
        )
        return {row["intent_id"] async for row in inserted}

    def _partition(self, account_id: str, customer_id: str) -> int:
        """Where the conversation's events are; of a room without a customer anywhere, see the migration."""
        stands_in = comments.is_room(customer_id)
        return -self._partitions if stands_in else of_conversation(account_id, customer_id, self._partitions)


def _told(row: dict[str, Any], now: datetime) -> Told:
    """The first outcome of a request, made from what was inserted a moment ago."""
    accepted = row["state"] == "queued"
    return Told({**_UNTOLD, **row, "now": now}, "accepted" if accepted else "refused", row["reason"])


async def _act(connection: Connection, intent_id: str, request: SendRequest, now: datetime) -> None:
    """Requests that change what we know and call nobody."""
    room = {"account_id": request.account_id, "customer_id": request.recipient.customer_id}
    if request.kind == "escalate":
        await _sql.escalate(connection, **room, at=now)
    elif request.kind == "release":
        await _sql.release(connection, **room, at=now)
        await _sql.wake_held(connection, **room)
    elif request.cancel and not await _cancel(connection, request.account_id, request.cancel.request_id):
        await _sql.turn_down(connection, intent_id=intent_id, reason=Reason.TOO_LATE)
        await report(connection, intent_id, "refused", Reason.TOO_LATE)
        return
    await report(connection, intent_id, "sent")


async def _cancel(connection: Connection, account_id: str, request_id: str) -> bool:
    target = await _sql.lock_cancellable(connection, account_id=account_id, request_id=request_id)
    if target:
        await endings.finish(connection, target, "cancelled", None)
    return target is not None


def read(record: Record) -> Taken | None:
    """The request, None where nobody could tell whose it is."""
    try:
        request, chosen = decode(record.value or b""), chosen_tag(record.value or b"")
    except UNREADABLE:
        return None
    if not addressable(request):
        return None
    intent_id = ids.derived(request.account_id, request.request_id)
    traceparent = header_text(record, TRACEPARENT)
    return Taken(intent_id, request, from_ms(record.timestamp), traceparent, chosen)


def faulty(request: SendRequest, account: Row | None) -> Fault | None:
    """What is wrong with a request, as far as it and its account's row (None: there is none) tell."""
    if wrong := fault(request):
        return wrong
    if account is None:
        return Fault(Reason.UNKNOWN_ACCOUNT, Reason.UNKNOWN_ACCOUNT.advice, "account_id")
    return registry_fault(request, app_id=account["app_id"], default_app=account["default_app"])


def _row(item: Taken, account: Row | None, now: datetime) -> dict[str, Any]:
    request = item.request
    wrong = tag_fault(item.chosen) or faulty(request, account)
    acted = request.kind in _ACTIONS
    message = request.message
    control = request.thread_control if request.kind == "thread_control" and wrong is None else None
    pieces: list[Content] = [handover(control)] if control else []
    if message and request.kind == "message" and wrong is None:
        pieces = contents(message, None)
    comment_id = request.recipient.comment_id
    kind = pieces[0].kind if pieces else None
    state = "refused" if wrong else "sent" if acted else "queued"
    return {
        "intent_id": item.intent_id,
        "account_id": request.account_id,
        "request_id": request.request_id,
        "customer_id": request.recipient.customer_id or (comments.room(comment_id) if comment_id else None),
        "comment_id": comment_id,
        "addressee": comment_id and (request.recipient.customer_id or comment_id),
        "author_kind": request.author.kind,
        "lane": request.effective_lane,
        "content_kind": kind,
        "bucket": bucket_of(kind, comment=comment_id is not None, live=False),
        "pieces": len(pieces),
        "thread_control": control and msgspec.to_builtins(control),
        "state": state,
        "reason": wrong and wrong.reason,
        "error": wrong
        and {"code": None, "subcode": None, "explanation": wrong.explanation, "fbtrace_id": None},
        "requested_at": item.appended_at,
        "due_at": now if wrong else due_at(request, now),
        "expires_at": None if wrong or not request.expires_at else parse(request.expires_at),
        "traceparent": item.traceparent,
        "finished_at": now if wrong or acted else None,
        "seq": 1 if wrong or not acted else 0,
    }
