"""How a request of a restored database goes on: as its newest outcome says, or in doubt. Nothing here calls anybody."""

import msgspec

from kaiwa.contracts.outcomes import Outcome
from kaiwa.contracts.reasons import Reason
from kaiwa.contracts.times import parse
from kaiwa.dispatcher import endings, queues
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.core.unit import GESTURES, Text, contents
from kaiwa.dispatcher.outcomes import report
from kaiwa.dispatcher.rows import Row
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load
from kaiwa.store.sealing import Unsealable

_sql = load("kaiwa.dispatcher")

_UNKNOWN = "unknown"
"""The kind of a part whose words nobody can tell: no echo and no thread settles it, but a person."""


async def apply(connection: Connection, row: Row, outcome: Outcome, *, policy: Policy) -> None:
    """The old database's word, which callers have heard."""
    at = parse(outcome.decided_at)
    intent = {"intent_id": row["intent_id"]}
    disclosure = outcome.disclosure and msgspec.to_builtins(outcome.disclosure)
    sent = outcome.state == "sent"
    await _sql.apply_outcome(
        connection,
        **intent,
        state=outcome.state,
        reason=outcome.reason,
        tag=outcome.tag,
        evidence=outcome.evidence,
        disclosure=disclosure,
        error=outcome.error and msgspec.to_builtins(outcome.error),
        attempt=outcome.attempt,
        seq=outcome.seq,
        decided_at=at,
        pieces_sent=row["pieces"] if sent else 0,
    )
    parts = [
        {"n": part.n, "state": part.state if part.state == "sent" else "lost", "mid": part.mid}
        for part in outcome.parts
    ]
    await _sql.replace_parts(connection, **intent, parts=parts, decided_at=at)
    if sent and row["content_kind"] not in GESTURES and row["customer_id"]:
        await _sql.note_sent(
            connection,
            account_id=row["account_id"],
            customer_id=row["customer_id"],
            author=row["author_kind"],
            at=at,
            hold=policy.human_hold,
            disclosed=disclosure is not None,
        )
    await _release(connection, row)


async def doubt(connection: Connection, row: Row, outcome: Outcome | None, vault: Contents) -> None:
    """The old database may have called it, so nobody calls it any more: evidence or a person settles it."""
    await _sql.catch_up(connection, intent_id=row["intent_id"], seq=outcome.seq if outcome else 0)
    kind, content_hash = _told_by(row, vault)
    part = await _sql.doubt_whole(
        connection,
        intent_id=row["intent_id"],
        kind=kind,
        content_hash=content_hash,
        called_at=row["requested_at"],
    )
    if row["content_kind"] in GESTURES:
        await endings.doubt(connection, {**row, **part}, None)
    else:
        await _sql.doubt(connection, intent_id=row["intent_id"], error=None, retry=False)
        await report(connection, row["intent_id"], "in_doubt", Reason.RESTORED)
    await _release(connection, row)


def _told_by(row: Row, vault: Contents) -> tuple[str, str | None]:
    """As what it would be seen: only a person's single text is surely said as it was asked."""
    if row["content_kind"] in GESTURES:
        return row["content_kind"], None
    if row["author_kind"] != "human" or row["pieces"] != 1 or row["comment_id"] or row["sealed"] is None:
        return _UNKNOWN, None
    try:
        saying = vault.open(row["intent_id"], row["sealed"])
    except Unsealable:
        return _UNKNOWN, None
    (piece,) = contents(saying.message, saying.reply_to)
    return (piece.kind, vault.fingerprint(piece.text)) if isinstance(piece, Text) else (_UNKNOWN, None)


async def _release(connection: Connection, row: Row) -> None:
    """Its conversation waits for nothing."""
    await _sql.let_go(connection, intent_id=row["intent_id"])
    rooms = {"accounts": [row["account_id"]], "customers": [row["customer_id"]]}
    await queues.refresh(connection, **rooms)
