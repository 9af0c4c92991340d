"""Facts on their way to analytics: written with what they tell, published soon after, and gone once Kafka has them."""

from collections.abc import Callable
from typing import Final

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.compliance.core.telling import KIND, Row, fact_id, of_erasure, of_verdict
from kaiwa.compliance.loops import keep
from kaiwa.contracts import cloudevents, topics
from kaiwa.contracts.analytics import encode
from kaiwa.runtime import crash
from kaiwa.store import queries

_MOST: Final = 1_000  # facts of one turn
_EVERY: Final = 2.0  # seconds
_WITHIN: Final = 10.0  # seconds for Kafka to acknowledge them

_sql: Final = queries.load("kaiwa.compliance")


async def tell(pool: asyncpg.Pool, producer: Producer, key: Callable[[], bytes] | None) -> None:
    """Until it is cancelled; any number of processes may. Without a key there is no analytics, and facts are dropped."""

    async def turn() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            rows = [row async for row in _sql.facts_to_tell(connection, most=_MOST)]
            if rows and key is not None:
                await producer.publish([_outgoing(row, key()) for row in rows], within=_WITHIN)
                crash.point("compliance.told")
            await _sql.drop_facts(connection, ids=[row["id"] for row in rows])
        return len(rows) == _MOST

    await keep(turn, name="analytics", every=_EVERY)


def _outgoing(row: Row, key: bytes) -> Outgoing:
    fact = of_erasure(row, key) if row["erasure_id"] is not None else of_verdict(row)
    named = fact_id(row, key)
    headers = cloudevents.headers(event_id=named, kind=KIND, account_id=None, time=fact.hour)
    return Outgoing(topics.ANALYTICS_COMPLIANCE, (fact.conversation or named).encode(), encode(fact), headers)
