"""The ordinary end of a call, for many at once: the platform took the last piece of a message and named it.

What :mod:`kaiwa.dispatcher.endings` does for one request, statement by statement, is done here for a whole batch with
as many. Whatever is out of the ordinary goes there.
"""

from collections.abc import Sequence

from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.core.unit import SILENT
from kaiwa.dispatcher.outcomes import Told, parts_of, tell
from kaiwa.dispatcher.rows import Row
from kaiwa.runtime import metrics
from kaiwa.store.pool import Connection
from kaiwa.store.queries import load

_sql = load("kaiwa.dispatcher")


def ordinary(part: Row) -> bool:
    """Whether it is the last piece of a message to a customer, and nobody knew of its end before."""
    return (
        part["part_state"] == part["state"] == "sending"
        and part["comment_id"] is None
        and part["kind"] not in SILENT
        and part["covers"] is not None
        and part["covers"] + 1 == part["pieces"]
    )


async def settle(connection: Connection, ended: Sequence[tuple[Row, str]], *, policy: Policy) -> set[int]:
    """Write down that these parts were sent under these mids; which ones it was, without those whose mid is another's."""
    known: dict[tuple[str, str], Row] = {}
    for part, mid in ended:
        known.setdefault((part["account_id"], mid), part)
    mids = {"accounts": [name for name, _ in known], "mids": [mid for _, mid in known]}
    taken = {(row["account_id"], row["mid"]) async for row in _sql.taken_mids(connection, **mids)}
    named = {key: part for key, part in known.items() if key not in taken}
    if not named:
        return set()
    settled = _sql.settle_sent(
        connection,
        ids=[part["part_id"] for part in named.values()],
        mids=[mid for _, mid in named],
        hold=policy.human_hold,
    )
    rows = [row async for row in settled]
    await _sql.refresh_heads(
        connection,
        accounts=[row["account_id"] for row in rows],
        customers=[row["customer_id"] for row in rows],
    )
    await _sql.assign_named(connection, **mids)
    for part in named.values():
        if part["part_disclosure"]:
            metrics.DISCLOSURES.labels(part["part_disclosure"]["trigger"]).inc()
    longer = await parts_of(connection, [row["intent_id"] for row in rows if row["n"] > 1])
    told = [
        Told(
            row, "sent", None, longer.get(row["intent_id"]) or [{"n": 1, "state": "sent", "mid": row["mid"]}]
        )
        for row in rows
    ]
    await tell(connection, told)
    return {part["part_id"] for part in named.values()}
