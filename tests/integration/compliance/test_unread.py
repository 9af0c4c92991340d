"""Since when nobody has read that something is gone: what the budget of absence burns by."""

from datetime import UTC, datetime, timedelta

from kaiwa.compliance.cases import columns, open_case
from kaiwa.compliance.core.erasure import Case, Place, Subject
from kaiwa.contracts import topics
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import connection
from kaiwa.store.queries import load

_sql = load("kaiwa.compliance")
KEY = b"k" * 32
PLACE = Place(topics.EVENTS, 0, b"e1")


async def test_what_comes_again_is_waited_for_from_then_on(database: str) -> None:
    """Broken by: counting from the order, which a redelivery half an hour later would take above every limit."""
    await migrate(database, rooms())
    subject, ordered_at = Subject("1784", "c1", None), datetime.now(UTC) - timedelta(minutes=30)
    case = Case("case", "operator", subject, subject.hash(KEY), ordered_at, ordered_at, frozenset({PLACE}))
    async with connection(database, application="test") as session:
        assert await open_case(session, case, key=KEY, bound=timedelta(hours=1))
        await _sql.add_targets(session, **columns([("case", PLACE)]))
        await session.execute("update compliance.targets set sent_at = now()")
        await session.execute("update compliance.cases set state = 'tombstoned', tombstoned_at = now()")

        async def unread() -> float:
            (row,) = [row async for row in _sql.open_cases(session)]
            return float(row["unread"])

        assert 1_800 <= await unread() < 1_900
        place = {"topics": [PLACE.topic], "partitions": [PLACE.partition], "keys": [PLACE.key]}
        assert await _sql.tombstone_again(session, **place) == 1
        assert await unread() < 100
