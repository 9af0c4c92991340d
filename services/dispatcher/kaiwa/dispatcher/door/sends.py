"""``/v1/sends``: ask for a message, see what became of it, take it back. Each becomes a record, and nothing else."""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import asyncpg
import msgspec

from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import ids, topics
from kaiwa.contracts.door import Accepted, SendBody, Standing
from kaiwa.contracts.sends import Author, Cancel, Recipient, SendRequest, chosen_tag, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import comments
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.intake import addressable, tag_fault
from kaiwa.dispatcher.door import standing
from kaiwa.dispatcher.door.asking import Answer, Asked, invalid
from kaiwa.dispatcher.door.callers import Caller
from kaiwa.dispatcher.door.problems import Refused, away, unknown
from kaiwa.dispatcher.intake import faulty
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import crash, logs
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.http import header
from kaiwa.store.pool import Questions
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()

_WITHIN: Final = 5.0  # seconds for Kafka to acknowledge a request

_WORDS: Final = {"escalate", "release", "cancel"}  # done when they are read, in no lane

_canonical: Final = msgspec.json.Encoder(order="deterministic")


class Sends:
    def __init__(self, pool: asyncpg.Pool, questions: Questions, producer: Producer, vault: Contents) -> None:
        self._pool, self._questions = pool, questions
        self._producer = producer
        self._vault = vault

    async def ask(self, asked: Asked) -> Answer:
        asked.query()
        body = await asked.body(SendBody, faulty=lambda given: tag_fault(chosen_tag(given)))
        return await self.put(asked.caller, body.request(name_of(asked, body.request_id)))

    async def show(self, asked: Asked) -> Answer:
        row, found = await self._find(asked)
        return Answer(HTTPStatus.OK, found or standing.pending(row))

    async def cancel(self, asked: Asked) -> Answer:
        """The same request cancelled twice is one cancellation; where it comes too late, that one is refused."""
        row, _ = await self._find(asked)
        asked.caller.require(row["account_id"], row["author_kind"], row["lane"])
        request = SendRequest(
            request_id=f"cancel-{ids.derived('cancel', row['intent_id'])}",
            kind="cancel",
            account_id=row["account_id"],
            recipient=Recipient(customer_id=row["customer_id"] or comments.room(row["comment_id"])),
            author=Author(row["author_kind"]),
            lane=row["lane"],
            cancel=Cancel(row["request_id"]),
        )
        # Behind the request that it cancels, in the same partition.
        key = f"{row['account_id']}:{row['addressee'] or row['customer_id']}".encode()
        return await self.put(asked.caller, request, key=key)

    async def put(self, caller: Caller, request: SendRequest, *, key: bytes | None = None) -> Answer:
        """Publish a request once; 202 when all in-sync replicas have it."""
        lane = None if request.kind in _WORDS else request.effective_lane
        caller.require(request.account_id, request.author.kind, lane)
        if not addressable(request):
            raise invalid("an id is 1 to 200 printable ASCII characters")
        if await self._is_new(caller, request):
            crash.point("dispatcher.door_remembered")
            await self._publish(request, key or request.key)
            crash.point("dispatcher.door_published")
            _log.info("door_asked", key_id=caller.caller_id, account_id=request.account_id, kind=request.kind)
        accepted = Accepted(request_id=request.request_id, account_id=request.account_id, href=_href(request))
        return Answer(HTTPStatus.ACCEPTED, accepted, ((b"location", accepted.href.encode()),))

    async def _is_new(self, caller: Caller, request: SendRequest) -> bool:
        """Whether the request has to be published. Raises Refused: 409 for an id that names another one, 422."""
        intent_id = ids.derived(request.account_id, request.request_id)
        async with self._pool.acquire() as connection:
            known = [row async for row in _sql.known_accounts(connection, ids=[request.account_id])]
            if wrong := faulty(request, known[0] if known else None):
                raise invalid(wrong.explanation, field=wrong.field, reason=wrong.reason)
            fingerprints = self._vault.request_fingerprints(_canonical.encode(request))
            fresh = await _sql.open_request(
                connection,
                intent_id=intent_id,
                account_id=request.account_id,
                request_id=request.request_id,
                customer_id=request.recipient.customer_id,
                comment_id=request.recipient.comment_id,
                author_kind=request.author.kind,
                lane=request.effective_lane,
                caller_id=caller.caller_id,
                fingerprint=fingerprints[0],
            )
            before = None if fresh else await _sql.asked_before(connection, intent_id=intent_id)
        # Nobody else makes the id of a cancellation.
        same = request.kind == "cancel" or (before is not None and before["fingerprint"] in fingerprints)
        if not fresh and not same:
            raise Refused(
                HTTPStatus.CONFLICT,
                "id_taken",
                "this id names another request, or one too old to compare; choose a new one",
                field="request_id",
            )
        return before is None or not before["taken_in"]

    async def _publish(self, request: SendRequest, key: bytes) -> None:
        timed = msgspec.structs.replace(request, requested_at=rfc3339(utc_now()))
        record = Outgoing(topics.SENDS, key, encode(timed))
        try:
            await self._producer.publish([record], within=_WITHIN)
        except PublishFailed as error:
            _log.warning("door_without_kafka", exc_info=error)
            raise away("Kafka") from error

    async def _find(self, asked: Asked) -> tuple[Row, Standing | None]:
        """The request's row, and how it stands where it has been taken in."""
        request_id = asked.path("request_id")
        account_id = asked.query("account_id").get("account_id")
        caller = asked.caller
        if account_id is not None:
            caller.require_account(account_id)
        accounts = None if caller.accounts is None else sorted(caller.accounts)
        if account_id is not None:
            accounts = [account_id]
        if not (request_id.isascii() and request_id.isprintable() and (account_id or "-").isprintable()):
            raise unknown("there is no such request")
        async with self._questions.session() as connection:
            rows = [r async for r in _sql.standing_of(connection, accounts=accounts, request_id=request_id)]
            found = await standing.of(connection, rows[0]) if len(rows) == 1 else None
            if not rows:
                pending = _sql.pending_of(connection, accounts=accounts, request_id=request_id)
                rows = [row async for row in pending]
        if len(rows) > 1:
            raise Refused(
                HTTPStatus.CONFLICT,
                "ambiguous",
                "several accounts have a request of this id: add ?account_id=…",
                field="account_id",
            )
        if not rows:
            raise unknown("there is no such request, or it is over 30 days old")
        return rows[0], found


def name_of(asked: Asked, given: str | None) -> str:
    """The request's id: the body's, or the header's, or both where they agree."""
    sent = header(asked.scope, b"idempotency-key")
    key = None if sent is None else sent.decode("latin-1").strip().strip('"')
    if key and given and key != given:
        raise invalid(
            "request_id and the header Idempotency-Key differ: give one of them", field="request_id"
        )
    if not (name := given or key):
        raise invalid(
            "a request needs an id, so that asking again is not sending again: request_id, or the header "
            "Idempotency-Key",
            field="request_id",
        )
    return name


def _href(request: SendRequest) -> str:
    return f"/v1/sends/{quote(request.request_id, safe='')}?account_id={quote(request.account_id, safe='')}"
