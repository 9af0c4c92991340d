"""Outcomes: written into the outbox by the transaction that changed the state."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from kaiwa.contracts import ids, topics
from kaiwa.contracts.cloudevents import Headers, headers
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part, PartState, PlatformError, State, encode
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher import comments
from kaiwa.dispatcher.facts import Measured
from kaiwa.dispatcher.rows import Row
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")
_PART_STATES: dict[str, PartState] = {"lost": "failed"}


class Told(NamedTuple):
    """What a caller is told: the request's row as this transaction left it, and what became of it."""

    row: Row
    state: State
    reason: Reason | str | None = None
    parts: Sequence[Row] = ()


async def report(
    connection: Connection, intent_id: str, state: State, reason: Reason | str | None = None
) -> None:
    """Tell the caller what became of a request; reads the row as this transaction left it."""
    row = await _sql.next_seq(connection, intent_id=intent_id)
    parts = await parts_of(connection, [intent_id])
    await tell(connection, [Told(row, state, reason, parts.get(intent_id, []))])


async def parts_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Row]]:
    """The parts of these requests, in their order."""
    found: dict[str, list[Row]] = {}
    if ids:
        async for part in _sql.parts_of(connection, ids=ids):
            found.setdefault(part["intent_id"], []).append(part)
    return found


def part_of(row: Row) -> Part:
    return Part(row["n"], _PART_STATES.get(row["state"]) or row["state"], row["mid"])


class Words(NamedTuple):
    """An outcome as it lies in the outbox."""

    key: bytes
    value: bytes
    headers: str
    measured: str


async def tell(connection: Connection, told: Sequence[Told]) -> None:
    """Tell callers, in this order."""
    if told:
        keys, values, heads, measured = zip(*words(told), strict=True)
        names = [topics.OUTCOMES] * len(told)
        await _sql.put_all(
            connection, topics=names, keys=keys, values=values, headers=heads, measured=measured
        )


def words(told: Sequence[Told]) -> list[Words]:
    """What callers are told, in the words of the contract."""
    names = ids.derived_each((row["account_id"], row["request_id"], str(row["seq"])) for row, *_ in told)
    return [_words(name, each) for name, each in zip(names, told, strict=True)]


def _words(name: str, told: Told) -> Words:
    row, state, reason, parts = told
    outcome = Outcome(
        id=name,
        seq=row["seq"],
        request_id=row["request_id"],
        account_id=row["account_id"],
        customer_id=comments.customer(row),
        state=state,
        reason=reason,
        evidence=row["evidence"] if state == "sent" else None,
        parts=tuple(part_of(part) for part in parts),
        tag=row["tag"],
        disclosure=row["disclosure"] and msgspec.convert(row["disclosure"], Disclosure),
        author_kind=row["author_kind"],
        lane=row["lane"],
        attempt=row["attempt"],
        decided_at=rfc3339(row["now"]),
        window_closes_at=row["window_closes_at"] and rfc3339(row["window_closes_at"]),
        error=row["error"] and msgspec.convert(row["error"], PlatformError),
    )
    head = headers(
        event_id=outcome.id,
        kind=f"send.{state}",
        account_id=outcome.account_id,
        time=outcome.decided_at,
        traceparent=row["traceparent"],
    )
    key = f"{outcome.account_id}:{row['addressee'] or outcome.customer_id or ''}".encode()
    measured = Measured(row["content_kind"], round((row["now"] - row["requested_at"]).total_seconds() * 1000))
    return Words(key, encode(outcome), _plain(head), msgspec.json.encode(measured).decode())


async def put(
    connection: Connection,
    *,
    topic: str,
    key: bytes,
    value: bytes | None,
    head: Headers,
) -> None:
    """One record for the relay. ASCII headers, kept as JSON."""
    await _sql.put_all(
        connection, topics=[topic], keys=[key], values=[value], headers=[_plain(head)], measured=[None]
    )


def _plain(head: Headers) -> str:
    return msgspec.json.encode([(name, text.decode("ascii")) for name, text in head]).decode()
