"""How a request stands, in the words of its outcomes."""

from typing import Literal

import msgspec

from kaiwa.contracts.door import Standing
from kaiwa.contracts.outcomes import Disclosure, PlatformError, State
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import comments
from kaiwa.dispatcher.outcomes import part_of, parts_of
from kaiwa.dispatcher.rows import Row
from kaiwa.store.pool import Connection


async def of(connection: Connection, row: Row) -> Standing:
    """The standing of a request that was taken in."""
    parts = (await parts_of(connection, [row["intent_id"]])).get(row["intent_id"], [])
    waits = row["state"] == "queued"
    return Standing(
        request_id=row["request_id"],
        account_id=row["account_id"],
        customer_id=comments.customer(row),
        state=_state(row),
        seq=row["seq"],
        reason=row["reason"],
        advice=advice(row["reason"]),
        evidence=row["evidence"],
        parts=tuple(part_of(part) for part in parts),
        tag=row["tag"],
        disclosure=row["disclosure"] and msgspec.convert(row["disclosure"], Disclosure),
        author_kind=row["author_kind"],
        lane=row["lane"],
        attempt=row["attempt"],
        requested_at=rfc3339(row["requested_at"]),
        next_at=rfc3339(row["next_at"]) if waits else None,
        expires_at=row["expires_at"] and rfc3339(row["expires_at"]),
        window_closes_at=row["window_closes_at"] and rfc3339(row["window_closes_at"]),
        finished_at=row["finished_at"] and rfc3339(row["finished_at"]),
        error=row["error"] and msgspec.convert(row["error"], PlatformError),
    )


def pending(row: Row) -> Standing:
    """The standing of a request that the door took and the dispatcher has not read yet."""
    return Standing(
        request_id=row["request_id"],
        account_id=row["account_id"],
        customer_id=row["customer_id"],
        state="pending",
        author_kind=row["author_kind"],
        lane=row["lane"],
        requested_at=rfc3339(row["asked_at"]),
    )


def advice(reason: str | None) -> str | None:
    return next((known.advice for known in Reason if known == reason), None)


def _state(row: Row) -> Literal["pending"] | State:
    match row["state"]:
        case "queued" if row["reason"]:
            return "deferred"
        case "queued" | "claimed" | "sending":
            return "accepted"
        case ended:
            state: State = ended
            return state
