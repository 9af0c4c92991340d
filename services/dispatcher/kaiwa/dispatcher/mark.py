"""Committing to a call: the decision is made again under the conversation's lock, and `sending` becomes durable.

What is returned has been promised to the database as "perhaps sent"; only a :class:`Call` may leave the machine.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

import asyncpg
import msgspec

from kaiwa.contracts.outcomes import Disclosure
from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher import endings, rows, waiting
from kaiwa.dispatcher.commitments import Call, Claim
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.agenda import Desk
from kaiwa.dispatcher.core.decide import HELD_RETRY, Defer, Send, closes_at
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.core.unit import (
    SILENT,
    Content,
    Handover,
    Next,
    Text,
    announcements,
    body,
    contents,
    handover,
    next_message,
    reusable,
    with_uploads,
)
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.rows import Row
from kaiwa.dispatcher.slots import Want
from kaiwa.dispatcher.uploads import Errand, Found, look_up
from kaiwa.meta.graph import MESSAGES
from kaiwa.meta.graph import Sender as Login
from kaiwa.runtime import crash, logs, metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load
from kaiwa.store.sealing import Unsealable

_sql = load("kaiwa.dispatcher")
_log = logs.get_logger()
_decided = cache(metrics.DECISIONS.labels)


class _Ready(msgspec.Struct, frozen=True):
    """A call that only lacks its part's number."""

    row: Row
    login: Login
    message: Next
    tag: Literal["HUMAN_AGENT"] | None
    disclosure: Disclosure | None
    borrowed: tuple[bytes, ...]


class Prepared(NamedTuple):
    """What may go, by its request: calls that only lack their parts' numbers, and what others need first."""

    ready: Mapping[str, _Ready]
    errands: Mapping[str, Errand]
    refused: frozenset[str]
    """What may not go, as was seen only now; its request has moved on."""


class Marker:
    """Turns claims into calls, many in one transaction."""

    def __init__(self, pool: asyncpg.Pool, vault: Contents, logins: Logins, *, policy: Policy) -> None:
        self._pool = pool
        self._vault = vault
        self._logins = logins
        self._policy = policy

    async def mark(self, claims: list[Claim]) -> list[Call | Errand | None]:
        """A call for each claim, what it needs first, or None where it no longer holds or may no longer go."""
        async with self._pool.acquire() as connection, connection.transaction():
            # One that was overtaken and claimed again may be here twice: as the claim that holds, and as the one that did.
            held = {
                row["intent_id"]: row["fence"]
                async for row in _sql.lock_claimed(
                    connection,
                    ids=[claim.intent_id for claim in claims],
                    fences=[claim.fence for claim in claims],
                )
            }
            found = [row async for row in _sql.claimed(connection, ids=list(held))]
            decided = [(row, await self._decide(connection, row)) for row in found]
            prepared = await self.prepare(connection, [(row, send) for row, send in decided if send])
            numbers = await self._begin(connection, prepared)
        crash.point("dispatcher.sending_committed")
        done = self.calls(prepared, numbers)
        return [
            done.get(claim.intent_id) if held.get(claim.intent_id) == claim.fence else None
            for claim in claims
        ]

    async def prepare(self, connection: Connection, decided: Sequence[tuple[Row, Send]]) -> Prepared:
        """Calls for what may go, in a transaction that has it locked; to be begun in the same one."""
        found = {row["intent_id"]: await self._prepare(connection, row, send) for row, send in decided}
        return Prepared(
            {name: one for name, one in found.items() if isinstance(one, _Ready)},
            {name: one for name, one in found.items() if isinstance(one, Errand)},
            frozenset(name for name, one in found.items() if one is None),
        )

    def parts(self, prepared: Prepared) -> list[dict[str, Any]]:
        """What the database is to know of these calls."""
        return [self._part(one) for one in prepared.ready.values()]

    def calls(self, prepared: Prepared, numbers: Mapping[str, int]) -> dict[str, Call | Errand]:
        """By their requests, once the parts have these numbers."""
        ready = {name: self._call(one, numbers[name]) for name, one in prepared.ready.items()}
        return {**prepared.errands, **ready}

    async def _decide(self, connection: Connection, row: Row) -> Send | None:
        decision = rows.decision(row, self._policy)
        if isinstance(decision, Send):
            return decision
        if isinstance(decision, Defer):
            _decided("defer", decision.reason).inc()
        await waiting.obey(connection, row, decision)
        return None

    async def _prepare(self, connection: Connection, row: Row, decision: Send) -> _Ready | Errand | None:
        control = rows.thread_control(row)
        if control is None and row["sealed"] is None:
            await endings.refuse(connection, row, Reason.RECIPIENT_ERASED)
            return None
        try:
            saying = None if control else self._vault.open(row["intent_id"], row["sealed"])
            login = self._logins.sender(row)
        except Unsealable as error:
            _log.error("content_or_token_cannot_be_unsealed", exc_info=error)
            await waiting.defer(connection, row, Defer(row["now"] + HELD_RETRY, Reason.UNSEALABLE))
            return None
        pieces: list[Content] = [handover(control)] if control else []
        uploads: Found | None = None
        if saying:
            wanted = reusable(saying.message) if row["login"] == "facebook" else []
            uploads = await look_up(connection, self._vault, row["account_id"], wanted) if wanted else None
            if uploads and uploads.missing:
                return Errand(row["account_id"], row["lane_rank"], login, uploads.missing)
            message = with_uploads(saying.message, uploads.ids) if uploads else saying.message
            pieces = contents(message, saying.reply_to)
        due = decision.disclosure
        text = due.text(row["display_name"]) if due else None
        following = next_message(pieces, row["pieces_sent"], text)
        if row["comment_id"] is not None and (
            why := await self._no_private_reply(connection, row, following)
        ):
            _decided("refuse", why).inc()
            await endings.refuse(connection, row, why)
            return None
        _decided("send", "").inc()
        if decision.tag:
            metrics.TAGGED.labels(decision.tag).inc()
        disclosure = None
        if due and following.placement:
            disclosure = Disclosure(
                due.trigger, due.wording.text_id, due.language, following.placement, grounds=due.grounds
            )
        borrowed = uploads.used if uploads else ()
        return _Ready(row, login, following, decision.tag, disclosure, borrowed)

    async def _no_private_reply(self, connection: Connection, row: Row, message: Next) -> Reason | None:
        """It is one message, so it has to hold its disclosure; and the comment allows one, which is taken here."""
        if message.placement == "own":
            return Reason.DISCLOSURE_IMPOSSIBLE
        names = {name: row[name] for name in ("account_id", "comment_id", "intent_id")}
        return None if await _sql.take_grant(connection, **names) else Reason.COMMENT_GRANT_USED

    async def _begin(self, connection: Connection, prepared: Prepared) -> dict[str, int]:
        if not prepared.ready:
            return {}
        begun = _sql.begin_parts(connection, rows=self.parts(prepared), lease=self._policy.lease)
        return {row["intent_id"]: row["part_id"] async for row in begun}

    def _part(self, found: _Ready) -> dict[str, Any]:
        content = found.message.content
        return {
            "intent_id": found.row["intent_id"],
            "tag": found.tag,
            "window_closes_at": closes_at(found.row["window_opened_at"]),
            "kind": content.kind,
            "covers": found.message.covers,
            "disclosure": found.disclosure and msgspec.to_builtins(found.disclosure),
            "content_hash": self._vault.fingerprint(content.text if isinstance(content, Text) else None),
        }

    def _call(self, found: _Ready, part_id: int) -> Call:
        row, content = found.row, found.message.content
        comment_id = row["comment_id"]
        bucket = rows.bucket_of(content.kind, comment=comment_id is not None, live=bool(row["comment_live"]))
        return Call(
            part_id=part_id,
            app_id=row["app_id"],
            want=Want(Desk(row["account_id"], bucket), row["lane_rank"]),
            login=found.login,
            edge=content.edge if isinstance(content, Handover) else MESSAGES,
            body=body(content, customer_id=row["customer_id"], comment_id=comment_id, tag=found.tag),
            cause=row["traceparent"],
            waited=(row["now"] - row["requested_at"]).total_seconds(),
            lane=row["lane"],
            late=(row["now"] - row["due_at"]).total_seconds() if row["reason"] is None else None,
            announced=_announced(row),
            borrowed=found.borrowed,
        )


def _announced(row: Row) -> tuple[Mapping[str, Any], ...]:
    """What the account wants shown before the first message of an automated reply; a comment has no thread to show it in."""
    replies = row["author_kind"] == "automation" and row["content_kind"] not in SILENT
    if not replies or row["comment_id"] is not None or row["started"]:
        return ()
    return announcements(row["presence"], row["customer_id"])
