"""Outcomes: written into the outbox by the transaction that changed the state."""

from typing import Any

import msgspec

from kaiwa.contracts import ids, topics
from kaiwa.contracts.cloudevents import headers
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part, PartState, PlatformError, State, encode
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import comments
from kaiwa.dispatcher.facts import Measured
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_PART_STATES: dict[str, PartState] = {"lost": "failed"}


async def report(
    connection: Connection, intent_id: str, state: State, reason: Reason | str | None = None
) -> None:
    """Tell the caller what became of a request; reads the row as this transaction left it."""
    row = await _sql.next_seq(connection, intent_id=intent_id)
    parts = [part async for part in _sql.parts_of(connection, intent_id=intent_id)]
    outcome = Outcome(
        id=ids.derived(row["account_id"], row["request_id"], str(row["seq"])),
        seq=row["seq"],
        request_id=row["request_id"],
        account_id=row["account_id"],
        customer_id=comments.customer(row),
        state=state,
        reason=reason,
        evidence=row["evidence"] if state == "sent" else None,
        parts=tuple(Part(p["n"], _PART_STATES.get(p["state"], p["state"]), p["mid"]) for p in parts),
        tag=row["tag"],
        disclosure=row["disclosure"] and msgspec.convert(row["disclosure"], Disclosure),
        author_kind=row["author_kind"],
        lane=row["lane"],
        attempt=row["attempt"],
        decided_at=rfc3339(row["now"]),
        window_closes_at=row["window_closes_at"] and rfc3339(row["window_closes_at"]),
        error=row["error"] and msgspec.convert(row["error"], PlatformError),
    )
    await put(
        connection,
        topic=topics.OUTCOMES,
        key=f"{outcome.account_id}:{row['addressee'] or outcome.customer_id or ''}".encode(),
        value=encode(outcome),
        head=headers(
            event_id=outcome.id,
            kind=f"send.{state}",
            account_id=outcome.account_id,
            time=outcome.decided_at,
            traceparent=row["traceparent"],
        ),
        measured=Measured(
            row["content_kind"], round((row["now"] - row["requested_at"]).total_seconds() * 1000)
        ),
    )


async def put(
    connection: Connection,
    *,
    topic: str,
    key: bytes,
    value: bytes | None,
    head: tuple[tuple[str, bytes], ...],
    measured: Measured | None = None,
) -> None:
    """One record for the relay. ASCII headers, kept as JSON. `measured`: what a fact about an outcome adds to it."""
    pairs: list[Any] = [[name, text.decode("ascii")] for name, text in head]
    await _sql.put(connection, topic=topic, key=key, value=value, headers=pairs, measured=_plain(measured))


def _plain(measured: Measured | None) -> dict[str, Any] | None:
    return None if measured is None else msgspec.to_builtins(measured)
