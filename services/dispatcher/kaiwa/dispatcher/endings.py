"""How a request moves on: each function changes one request inside the caller's transaction, which has locked its
conversation, and reports what callers may know. Nothing here calls the platform.

Invariant: a part that may have left is never handed out again; it ends as sent, lost or failed.
"""

from datetime import datetime
from typing import Any

import msgspec

from kaiwa.contracts.outcomes import Evidence, PlatformError, State
from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher import control, queues
from kaiwa.dispatcher.core.classify import RETRIES, Again, Failed, backoff
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.core.unit import CONTROL, GESTURES, SILENT
from kaiwa.dispatcher.outcomes import report
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_GRANT_SPENT = 2534025
"""The platform says that the comment allows nothing any more (platform.md 4.5)."""

UNFINISHED = frozenset({"queued", "claimed", "sending", "in_doubt"})


async def refuse(
    connection: Connection, row: Row, reason: Reason, *, error: PlatformError | None = None
) -> None:
    """Our own no, before any call; a unit that has begun ends partial."""
    if row["started"]:
        await finish(connection, row, "failed", Reason.PARTIAL)
    else:
        state: State = "expired" if reason is Reason.EXPIRED else "refused"
        await finish(connection, row, state, reason, error=error)


async def delivered(
    connection: Connection, part: Row, *, mid: str | None, evidence: Evidence, at: datetime, policy: Policy
) -> bool:
    """A part was sent, as `evidence` shows. True when its request has more to send and its claim still holds."""
    claimed: bool = part["state"] == "sending"
    await _sql.settle_part(connection, part_id=part["part_id"], state="sent", mid=mid)
    disclosure: dict[str, Any] | None = part["part_disclosure"] and {**part["part_disclosure"], "mid": mid}
    if part["kind"] == CONTROL:
        await control.done(connection, part, at)
    if part["kind"] not in SILENT:
        await _sql.note_sent(
            connection,
            account_id=part["account_id"],
            customer_id=part["customer_id"],
            author=part["author_kind"],
            at=at,
            hold=policy.human_hold,
            disclosed=disclosure is not None,
        )
    if disclosure:
        metrics.DISCLOSURES.labels(disclosure["trigger"]).inc()
    covered = part["covers"]
    sent = part["pieces_sent"] if covered is None else max(part["pieces_sent"], covered + 1)
    if sent == part["pieces"]:
        await finish(
            connection, part, "sent", None, evidence=evidence, disclosure=disclosure, pieces_sent=sent
        )
        return False
    if part["state"] not in UNFINISHED:
        await finish(connection, part, "failed", Reason.PARTIAL, disclosure=disclosure, pieces_sent=sent)
        return False
    await _sql.advance(
        connection,
        intent_id=part["intent_id"],
        pieces_sent=sent,
        disclosure=disclosure,
        evidence=evidence,
        state="claimed" if claimed else "queued",
        lease=policy.lease,
    )
    if not claimed:
        await free(connection, part)
    return claimed


async def doubt(
    connection: Connection, part: Row, error: PlatformError | None, *, retry: bool = False
) -> None:
    """It may have been sent: the conversation waits for evidence, which a gesture never leaves.

    `retry`: Meta answered with an error, so proof of its absence allows another try.
    """
    if part["kind"] in SILENT:
        if part["kind"] == CONTROL:
            await control.unknown(connection, part)
        reason = Reason.UNKNOWN_HARMLESS if part["kind"] in GESTURES else Reason.CONTROL_UNKNOWN
        await _sql.lose_parts(connection, intent_id=part["intent_id"])
        await finish(connection, part, "failed", reason, error=error)
        return
    await _sql.doubt_parts(connection, intent_id=part["intent_id"])
    await _sql.doubt(connection, intent_id=part["intent_id"], error=_plain(error), retry=retry)
    await report(connection, part["intent_id"], "in_doubt")


async def failed(connection: Connection, part: Row, verdict: Failed) -> None:
    """The platform's final no."""
    await _sql.settle_part(connection, part_id=part["part_id"], state="failed", mid=None)
    if verdict.error.subcode != _GRANT_SPENT:
        await _give_grant_back(connection, part)
    room = {"account_id": part["account_id"], "customer_id": part["customer_id"]}
    match verdict.lesson:
        case "away":
            await _sql.suppress(connection, **room, at=part["called_at"])
        case "not_owner":
            await _sql.lose_control(connection, **room, at=part["called_at"])
        case "closed":
            await _sql.close_window(connection, **room, at=part["called_at"])
        case "no_routing":
            await control.note_mode(connection, part["account_id"], "open")
        case None:
            pass
    reason = Reason.PARTIAL if part["pieces_sent"] else verdict.reason
    await finish(connection, part, "failed", reason, error=verdict.error)


async def absent(connection: Connection, part: Row) -> bool:
    """The thread proves that it was not sent. True where it is tried again: Meta's error allows it, a few times.

    The attempt stays as one that was lost, so that even its late echo is told from a stranger's message.
    """
    if not part["retry"] or part["retries"] >= RETRIES:
        await lost(connection, part)
        return False
    until = part["now"] + backoff(part["retries"])
    await _sql.retry_part(connection, part_id=part["part_id"])
    await _give_grant_back(connection, part)
    await _sql.requeue(
        connection, intent_id=part["intent_id"], next_at=until, due_at=until, reason=Reason.PLATFORM
    )
    await free(connection, part)
    await report(connection, part["intent_id"], "deferred", Reason.PLATFORM)
    return True


async def lost(connection: Connection, part: Row) -> None:
    """No trace of it was found: final for us, though a late echo may still correct it."""
    await _sql.settle_part(connection, part_id=part["part_id"], state="lost", mid=None)
    await finish(connection, part, "failed", Reason.PARTIAL if part["pieces_sent"] else Reason.NOT_FOUND)


async def again(connection: Connection, part: Row, verdict: Again, now: datetime) -> None:
    """It certainly was not sent: back into the queue. Who else waits is the account's business."""
    if verdict.once and verdict.error and part["retries"] > 0:
        await failed(connection, part, Failed(verdict.error))
        return
    until = now + verdict.after
    await _sql.forget_part(connection, part_id=part["part_id"], counts=verdict.once)
    await _give_grant_back(connection, part)
    await _sql.requeue(
        connection,
        intent_id=part["intent_id"],
        next_at=until,
        due_at=until,
        reason=verdict.reason or part["reason"],
    )
    await free(connection, part)
    if verdict.reason not in {None, part["reason"]}:
        await report(connection, part["intent_id"], "deferred", verdict.reason)


async def go_on_without(connection: Connection, part: Row) -> None:
    """The conversation has waited long enough for a message in doubt, and says so; that one stays in doubt."""
    room = {"account_id": part["account_id"], "customer_id": part["customer_id"]}
    if await _sql.is_waited_for(connection, **room, intent_id=part["intent_id"]):
        await free(connection, part)
        await report(connection, part["intent_id"], "in_doubt", Reason.WENT_ON)


async def finish(
    connection: Connection,
    row: Row,
    state: State,
    reason: Reason | None,
    *,
    evidence: Evidence | None = None,
    error: PlatformError | None = None,
    disclosure: dict[str, Any] | None = None,
    pieces_sent: int | None = None,
) -> None:
    await _sql.finish(
        connection,
        intent_id=row["intent_id"],
        state=state,
        reason=reason,
        evidence=evidence,
        error=_plain(error),
        disclosure=disclosure,
        pieces_sent=pieces_sent,
    )
    await free(connection, row)
    await report(connection, row["intent_id"], state, reason)


async def _give_grant_back(connection: Connection, part: Row) -> None:
    """The call certainly sent nothing, so the comment may still be answered."""
    if part["comment_id"] is not None:
        await _sql.give_grant_back(
            connection,
            account_id=part["account_id"],
            comment_id=part["comment_id"],
            intent_id=part["intent_id"],
        )


async def free(connection: Connection, row: Row) -> None:
    """The conversation may go on with the head of its queue."""
    account, customer = row["account_id"], row["customer_id"]
    await _sql.free(connection, account_id=account, customer_id=customer, intent_id=row["intent_id"])
    await queues.refresh(connection, accounts=[account], customers=[customer])


def _plain(error: PlatformError | None) -> dict[str, Any] | None:
    return None if error is None else msgspec.to_builtins(error)
