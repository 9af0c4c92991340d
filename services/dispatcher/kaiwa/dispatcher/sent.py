"""The ordinary end of a call, for many at once: the platform took the last piece of a message and named it.

What :mod:`kaiwa.dispatcher.endings` does for one request, statement by statement, is done here for a whole batch with
as many. Whatever is out of the ordinary goes there.
"""

from collections import Counter
from collections.abc import Sequence

from kaiwa.dispatcher import queues
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.core.unit import SILENT
from kaiwa.dispatcher.outcomes import Told, parts_of, tell
from kaiwa.dispatcher.queues import Place
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


async def settle(
    connection: Connection, ended: Sequence[tuple[Row, str]], *, policy: Policy
) -> tuple[set[int], Counter[Place]]:
    """Write down that these parts were sent under these mids; which ones it was, without those whose mid is another's,
    and the queues in which their conversations stand now.
    """
    named: dict[tuple[str, str], Row] = {}
    for part, mid in ended:
        named.setdefault((part["account_id"], mid), part)
    settled = _sql.settle_sent(
        connection,
        ids=[part["part_id"] for part in named.values()],
        mids=[mid for _, mid in named],
        hold=policy.human_hold,
    )
    rows = {row["part_id"]: row async for row in settled}
    if not rows:
        return set(), Counter()
    joined = await queues.refresh(
        connection,
        accounts=[row["account_id"] for row in rows.values()],
        customers=[row["customer_id"] for row in rows.values()],
    )
    carried = [part["part_disclosure"] for part in named.values() if part["part_id"] in rows]
    for trigger, many in Counter(carrier["trigger"] for carrier in carried if carrier).items():
        metrics.DISCLOSURES.labels(trigger).inc(many)
    longer = await parts_of(connection, [row["intent_id"] for row in rows.values() if row["n"] > 1])
    told = [
        Told(
            row, "sent", None, longer.get(row["intent_id"]) or [{"n": 1, "state": "sent", "mid": row["mid"]}]
        )
        for row in rows.values()
    ]
    await tell(connection, told)
    return set(rows), joined
