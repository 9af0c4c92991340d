"""Whoever is erased leaves the audit: on a real PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import msgspec
import pytest
from arrivals import arrived
from backlog import talk
from happenings import ACCOUNT, message, record

from kaiwa.bus.records import Outgoing
from kaiwa.compliance.audit.erasing import erase
from kaiwa.compliance.audit.freshness import Freshness
from kaiwa.compliance.audit.handler import Audit
from kaiwa.compliance.cases import open_case
from kaiwa.compliance.core.audit.judge import Horizon
from kaiwa.compliance.core.erasure import Subject, customer_hash, requested
from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind
from kaiwa.contracts.outcomes import Outcome, Part, encode
from kaiwa.contracts.times import rfc3339, to_ms
from kaiwa.store import queries
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool

KEY = b"k" * 32
GONE, KEPT = "c0-0", "c0-1"
LATER = timedelta(minutes=5)
sql = queries.load("kaiwa.compliance")


async def read(audit: Audit, written: Sequence[Outgoing]) -> None:
    await audit(cast("Any", [arrived(each, offset) for offset, each in enumerate(written)]))


def answered(
    customer: str, mid: str, *, author: str = "automation", at: timedelta = timedelta()
) -> list[Outgoing]:
    """The account answers, and says nothing of what it is."""
    moment = rfc3339(datetime.now(UTC) + at)
    echo = message(mid, "Yes.", customer=customer, kind=Kind.MESSAGE_ECHOED)
    outcome = Outcome(
        id=f"o{mid}",
        seq=2,
        request_id=f"r{mid}",
        account_id=ACCOUNT,
        customer_id=customer,
        state="sent",
        parts=(Part(1, "sent", mid),),
        author_kind=author,  # type: ignore[arg-type]
        lane="transactional",
        decided_at=moment,
    )
    sent = Outgoing(topics.OUTCOMES, f"{ACCOUNT}:{customer}".encode(), encode(outcome))
    return [record(msgspec.structs.replace(echo, occurred_at=moment)), sent]


async def rows(opened: asyncpg.Pool, table: str) -> int:
    count: int = await opened.fetchval(f"select count(*) from compliance.{table}")
    return count


async def asked_for(opened: asyncpg.Pool, subject: Subject) -> None:
    """The request, remembered at once, and the end of its tombstones."""
    case = requested(subject, code=str(subject), reason="operator", key=KEY, now=datetime.now(UTC))
    async with opened.acquire() as connection, connection.transaction():
        await sql.remember_erased(connection, subject_hashes=[case.hash], cutoffs=[case.cutoff])
        await open_case(connection, case, key=KEY, bound=timedelta(seconds=30))
        await erase(connection, await connection.fetch("select * from compliance.cases"))


async def test_of_two_cases_about_one_customer_the_later_cutoff_counts(database: str) -> None:
    """Broken by: taking the one that the database happens to give last."""
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        audit = Audit(opened, Freshness(patience=600), key=KEY, pseudonym_key=lambda: b"p" * 32)
        await read(audit, [*talk(0, 0), *answered(GONE, "by-a-person", author="human")])
        whose = customer_hash(KEY, ACCOUNT, GONE)
        cases: Any = [
            {"scope": "customer", "customer_hash": whose, "cutoff": datetime.now(UTC) + at}
            for at in (LATER, -LATER)
        ]
        async with opened.acquire() as connection, connection.transaction():
            await erase(connection, cases)
        assert (await rows(opened, "audited"), await rows(opened, "audit_people")) == (0, 0)


async def test_where_reading_began_is_noted_although_the_first_batch_fails(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by: taking it for noted before it was committed: nothing would ever be found missing."""
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        audit = Audit(opened, Freshness(patience=600), key=KEY, pseudonym_key=lambda: b"p" * 32)
        with monkeypatch.context() as broken:
            broken.setattr(audit, "_fold", None)
            with pytest.raises(TypeError):
                await read(audit, talk(0, 0))
        assert await rows(opened, "audit_read") == 0
        await read(audit, talk(0, 0))
        assert await rows(opened, "audit_read") > 0


@pytest.mark.parametrize("customer", [GONE, None], ids=["a customer", "an account"])
async def test_nothing_of_theirs_stays_and_nothing_comes_back(database: str, customer: str | None) -> None:
    """Broken by: leaving the history, the hashes of texts or the link to the conversation; taking in again what is read
    once more; erasing everybody; calling a conversation new of which the dispatcher knows that it disclosed.
    """
    await migrate(database, rooms())
    async with pool(database, application="test") as opened:
        freshness = Freshness(patience=600)
        audit = Audit(opened, freshness, key=KEY, pseudonym_key=lambda: b"p" * 32)
        theirs = [*talk(0, 0), *answered(GONE, "by-a-person", author="human")]
        await read(audit, [*theirs, *talk(1, 0), *answered(KEPT, "by-another", author="human")])
        assert (await rows(opened, "audited"), await rows(opened, "audit_people")) == (2, 2)
        verdicts = await rows(opened, "verdicts")

        await asked_for(opened, Subject(ACCOUNT, customer))
        left = 1 if customer else 0
        for _ in range(2):
            assert (await rows(opened, "audited"), await rows(opened, "audit_people")) == (left, left)
            whose = await opened.fetch("select distinct conversation_hash from compliance.verdicts")
            assert len({row[0] for row in whose} - {""}) == left
            assert await rows(opened, "verdicts") == verdicts, "what the audit said, it said"
            await read(audit, theirs)

        freshness.horizon = Horizon(known=to_ms(datetime.now(UTC)) + 10**9, began=-(2**62), patience=0)
        await read(
            audit, [*answered(GONE, "afterwards", at=LATER), *answered("never-told", "first", at=LATER)]
        )
        missing = await opened.fetch("select 1 from compliance.verdicts where state = 'missing'")
        assert len(missing) == (1 if customer else 0), (
            "of whom nothing is known, not of whom all was forgotten"
        )
