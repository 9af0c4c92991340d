"""How a request waits: it may not go now, keeps its place and is looked at again. As in :mod:`kaiwa.dispatcher.endings`,
each function changes one request inside the caller's transaction, which has locked its conversation.
"""

from datetime import timedelta

from kaiwa.contracts.reasons import Reason
from kaiwa.dispatcher.core.decide import Defer, Look, Refuse
from kaiwa.dispatcher.endings import free, refuse
from kaiwa.dispatcher.outcomes import report
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")

_WORTH_SAYING = timedelta(seconds=5)
"""A refusal ordinarily waits a moment for the next look at the end offsets; that is nobody's business."""

_LOOK_WITHIN = timedelta(seconds=2)
"""After this a request looks again by itself; the thread's answer wakes it sooner."""


async def defer(connection: Connection, row: Row, decision: Defer) -> None:
    """Look again later. Waiting for fresh state does not move `due_at`, and is reported only when it lasts."""
    stale = decision.reason is Reason.STATE_STALE
    brief = stale and row["now"] - row["due_at"] < _WORTH_SAYING
    due_at = row["due_at"] if stale else decision.until
    await _sql.requeue(
        connection,
        intent_id=row["intent_id"],
        next_at=decision.until,
        due_at=due_at,
        reason=row["reason"] if brief else decision.reason,
    )
    await free(connection, row)
    if row["reason"] != decision.reason and not brief:
        await report(connection, row["intent_id"], "deferred", decision.reason)


async def obey(connection: Connection, row: Row, decision: Defer | Refuse | Look) -> None:
    """It may not go now."""
    match decision:
        case Defer():
            await defer(connection, row, decision)
        case Refuse(reason=reason):
            metrics.DECISIONS.labels("refuse", reason).inc()
            await refuse(connection, row, reason)
        case Look():
            await look(connection, row, decision)


async def look(connection: Connection, row: Row, decision: Look) -> None:
    """The platform is asked; the request keeps its place meanwhile, and is woken by the answer."""
    room = {"account_id": row["account_id"], "customer_id": row["customer_id"]}
    match decision.at:
        case "window":
            await _sql.want_look(connection, **room)
        case "owner":
            await _sql.want_owner(connection, **room)
        case "comment":  # pragma: no branch - mypy proves that there is no other
            await _sql.want_comment(connection, account_id=row["account_id"], comment_id=row["comment_id"])
    await defer(connection, row, Defer(row["now"] + _LOOK_WITHIN, Reason.STATE_STALE))


async def give_back(connection: Connection, row: Row) -> None:
    """A claim whose process is gone: nothing was called, so it is due as it was."""
    await _sql.requeue(
        connection,
        intent_id=row["intent_id"],
        next_at=row["next_at"],
        due_at=row["due_at"],
        reason=row["reason"],
    )
    await free(connection, row)
