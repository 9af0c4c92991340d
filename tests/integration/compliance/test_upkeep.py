"""What keeps the promise over time: holders that are late, settings that somebody changed, an index that was lost."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest
from compliance_rig import BOUND, WITHIN, Rig, open_unsent, until
from happenings import message, record, unsend

from kaiwa.bus.cluster import cluster
from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.bus.topics import Alter
from kaiwa.compliance.core.search import Finding
from kaiwa.compliance.escalate import escalate
from kaiwa.compliance.forget import Forgetting, open_days
from kaiwa.compliance.pace import Pace
from kaiwa.compliance.verify import Due, Verifier
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Erasure, encode
from kaiwa.runtime import metrics
from kaiwa.runtime.errors import DependencyError
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool


async def test_a_late_and_a_failed_receipt_escalate_once(database: str) -> None:
    """Broken by: no deadline; an alarm at each look; waiting for a holder that came after the case."""
    await migrate(database, rooms())
    async with pool(database, application="test") as found:
        await found.execute("insert into compliance.holders values ('crm', interval '1 hour')")
        await open_unsent(found, "case")
        await found.execute("insert into compliance.holders values ('later', interval '1 second')")
        await found.execute("update compliance.duties set due_at = now() where holder = 'dispatcher'")
        await found.execute(
            "insert into compliance.receipts values ('case', 'crm', 'failed', 0, now()), ('case', 'topics', 'done', 1, now())"
        )
        watch = asyncio.create_task(escalate(found))

        async def flagged() -> dict[str, Any]:
            rows = await found.fetch("select holder, escalation from compliance.duties")
            return {row["holder"]: row["escalation"] for row in rows}

        async def both() -> bool:
            return sum(why is not None for why in (await flagged()).values()) == 2

        async def counted() -> bool:
            owed = [
                metrics.RECEIPTS_OWED.labels(name)._value.get() for name in ("topics", "dispatcher", "crm")
            ]
            return owed == [0, 1, 1]

        await until(both, within=WITHIN, what="both escalated")
        await until(counted, within=WITHIN, what="what each owes")
        assert await flagged() == {"topics": None, "dispatcher": "late", "crm": "failed"}
        watch.cancel()
    assert metrics.ESCALATIONS.labels("crm", "failed")._value.get() == 1
    assert metrics.RECEIPTS_OVERDUE.labels("dispatcher")._value.get() == 1


async def test_the_index_keeps_the_retained_days(database: str) -> None:
    """Broken by: deleting row by row; dropping today; a clock that jumps a week, and no day is there."""
    await migrate(database, rooms())
    async with pool(database, application="test") as found, found.acquire() as connection:
        today: date = await connection.fetchval("select current_date")
        old = today - timedelta(days=9)
        await connection.execute(
            f"create table compliance.places_{old:%Y%m%d} partition of compliance.places "
            f"for values from ('{old}') to ('{old + timedelta(days=1)}')"
        )
        await connection.execute(f"drop table compliance.places_{today:%Y%m%d}")
        for _ in range(2):
            await open_days(connection, retention=timedelta(days=3).total_seconds())
        days = {
            row["name"]
            for row in await connection.fetch(
                "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'compliance.places'::regclass"
            )
        }
        assert days == {
            f"compliance.places_{today + timedelta(days=number):%Y%m%d}" for number in range(-1, 4)
        }


async def test_settings_are_watched_the_index_comes_back_and_old_orders_go(rig: Rig) -> None:
    """Somebody raises the retention of the requests: nothing is verified until it is mended. The index is built from the
    topics, and what was never noticed is noticed. An order that closed 35 days ago leaves Kafka, and its case with it.

    Broken by: trusting the settings that were read at the start; an index that knows the newest copy alone; keeping the
    nonce for ever.
    """
    async with pool(rig.dsn, application="test") as found, Producer(rig.kafka, client_id="test") as producer:
        await open_unsent(found, "due")
        await found.execute("update compliance.cases set state = 'tombstoned', check_at = now()")
        pace = Pace(rig.kafka, configured=BOUND)
        verifier = Verifier(found, producer, rig.kafka, pace, wake=asyncio.Event())
        raised = {"retention.ms": "999999999", "segment.ms": "3600000", "cleanup.policy": "delete"}
        await alter(rig, raised)
        assert not await verifier._turn()
        assert pace.drift == ("instagram.sends.v1 has retention.ms 999999999, and 86400000 is the most",)
        assert metrics.SETTINGS_DRIFT.labels(topics.SENDS)._value.get() == 1
        await alter(rig, {**raised, "retention.ms": "86400000"})
        assert await verifier._turn()
        assert await found.fetchval("select state from compliance.cases") == "verified"

        told, again = message("m_1", "t", customer="c"), message("m_2", "t", customer="c")
        await rig.write(record(told), record(again), record(unsend("m_1", customer="c")))
        done = await rig.kaiwa("deletions", "reindex", "--json")
        assert done.returncode == 0, done.stderr
        keys = {row["key"] for row in await found.fetch("select key from compliance.places")}
        assert keys == {told.id.encode(), again.id.encode()}
        owed = await found.fetch(
            "select key from compliance.targets join compliance.cases using (erasure_id)"
        )
        assert [row["key"] for row in owed] == [told.id.encode()], "what was unsent is owed a tombstone"

        order = Erasure(
            erasure_id="due", scope="message", cutoff="x", reason="unsent", due_at="x", state="closed"
        )
        await rig.write(Outgoing(topics.ERASURES, b"due", encode(order)))
        await found.execute(
            "update compliance.cases set state = 'closed', closed_at = now() - interval '36 days' where erasure_id = 'due'"
        )
        await Forgetting(found, producer, retention=60)._turn()
        assert await rig.values(topics.ERASURES) == [encode(order)], "a record and its tombstone"
        assert await found.fetchval("select count(*) from compliance.cases where erasure_id = 'due'") == 0


async def test_a_topic_that_erases_late_or_never_is_named(rig: Rig) -> None:
    """Broken by: watching retention alone; an alarm that names no topic; a look that gives up at the worst setting."""
    pace = Pace(rig.kafka, configured=BOUND)
    flag = metrics.SETTINGS_DRIFT.labels(topics.EVENTS)._value
    await pace.read()
    assert (flag.get(), pace.drift) == (0, ())
    await alter(rig, {"max.compaction.lag.ms": "86400000"}, topics.EVENTS)
    await pace.read()
    (line,) = pace.drift
    assert line.startswith("instagram.events.v1 erases within 86")
    assert flag.get() == 1
    await alter(rig, {"cleanup.policy": "delete"}, topics.EVENTS)
    flag.set(0)
    with pytest.raises(DependencyError, match="never erase"):
        await pace.read()
    assert flag.get() == 1


async def test_what_was_tombstoned_under_a_longer_bound_is_looked_for_within_the_shorter(rig: Rig) -> None:
    """Somebody had set a bound of a day, and it was mended. Broken by: a check that keeps the time it was first given."""
    pace = Pace(rig.kafka, configured=BOUND)
    await pace.read()
    async with pool(rig.dsn, application="test") as found, Producer(rig.kafka, client_id="test") as producer:
        await open_unsent(found, "slow")
        await found.execute(
            "update compliance.cases set state = 'tombstoned', check_at = now() + interval '1 day'"
        )
        verifier = Verifier(found, producer, rig.kafka, pace, wake=asyncio.Event())
        assert not await verifier._turn()
        left = await found.fetchval("select check_at - now() from compliance.cases")
        assert left <= timedelta(seconds=pace.bound)
        assert await open_cases(rig) == [("slow", ["dispatcher", "topics"])]
        await found.execute("insert into compliance.receipts values ('slow', 'topics', 'done', 1, now())")
        await found.execute(
            "insert into compliance.receipts values ('slow', 'dispatcher', 'failed', 0, now())"
        )
        assert await open_cases(rig) == [("slow", ["dispatcher"])]
        await found.execute("update compliance.cases set state = 'closed'")
        assert await open_cases(rig) == []


async def open_cases(rig: Rig) -> list[tuple[str, list[str]]]:
    """As an operator sees them. Broken by: a list of the newest alone; one that does not say who is waited for."""
    done = await rig.kaiwa("deletions", "list", "--open", "--json")
    assert done.returncode == 0, done.stderr
    return [(case["erasure_id"], case["owes"]) for case in json.loads(done.stdout)]


async def alter(rig: Rig, settings: dict[str, str], topic: str = topics.SENDS) -> None:
    async with cluster(rig.kafka) as found:
        existing = (await found.existing([topic]))[topic].overrides
        changed = {**existing, **settings}
        await found.apply([Alter(topic, {}, changed)])
        await found.ready({topic: changed})


async def test_what_was_unsent_is_remembered_for_a_week_beyond_retention(rig: Rig) -> None:
    """Promised are redeliveries up to 7 days later. Broken by: forgetting with retention, or never."""
    kept = {"young": timedelta(0), "a week": timedelta(days=7), "past it": timedelta(days=7, seconds=61)}
    async with pool(rig.dsn, application="test") as found, Producer(rig.kafka, client_id="test") as producer:
        for name, age in kept.items():
            await found.execute(
                "insert into compliance.unsent (mid_hash, noted_at) values ($1, now() - $2::interval)",
                name,
                age,
            )
        await Forgetting(found, producer, retention=60)._turn()
        left = {row["mid_hash"] for row in await found.fetch("select mid_hash from compliance.unsent")}
    assert left == {"young", "a week"}


async def test_a_clock_that_jumps_ahead_verifies_nothing_that_is_there(rig: Rig) -> None:
    """PostgreSQL's clock says that the bound is over, and the log still has the record under its tombstone.

    Broken by: taking the time that has passed for the proof.
    """
    told = record(message("m_there", "t", customer="c"))
    await rig.write(told)
    async with pool(rig.dsn, application="test") as found, Producer(rig.kafka, client_id="test") as producer:
        await open_unsent(found, "m_there")
        await rig.write(Outgoing(told.topic, told.key, None, partition=told.partition))
        await found.execute("update compliance.cases set state = 'tombstoned', check_at = now()")
        verifier = Verifier(
            found, producer, rig.kafka, Pace(rig.kafka, configured=BOUND), wake=asyncio.Event()
        )
        assert await verifier._turn()
        (case,) = await found.fetch("select state, found from compliance.cases")
        owed = await found.fetch("select key from compliance.targets where sent_at is null")
    assert (case["state"], case["found"]) == ("received", 1)
    assert [row["key"] for row in owed] == [told.key], "it gets another tombstone, and another look"


async def test_what_comes_again_while_the_log_is_read_is_not_verified_by_that_look(rig: Rig) -> None:
    """A record returns beyond the end of the look and gets its tombstone, and the look takes longer than the new bound.

    Broken by: verifying whatever is tombstoned by then.
    """
    again = "update compliance.cases set check_at = clock_timestamp() where state = 'tombstoned'"
    target_again = "update compliance.targets set check_at = clock_timestamp() where check_at is not null"

    class Slow(Verifier):
        async def _scan(self, due: Due) -> list[Finding]:
            findings = await super()._scan(due)
            await found.execute(again)
            await found.execute(target_again)
            return findings

    async with pool(rig.dsn, application="test") as found, Producer(rig.kafka, client_id="test") as producer:
        for name in ("m_back", "m_closed"):
            await open_unsent(found, name)
        await found.execute("update compliance.cases set state = 'tombstoned', check_at = now()")
        await found.execute("update compliance.cases set state = 'closed' where erasure_id = 'm_closed'")
        await found.execute(
            "insert into compliance.targets (erasure_id, topic, partition, key, sent_at, check_at) "
            "values ('m_closed', $1, 0, 'k', now(), now())",
            topics.EVENTS,
        )
        pace = Pace(rig.kafka, configured=BOUND)
        left = "select state = 'tombstoned' and t.check_at is not null from compliance.cases c, compliance.targets t where c.erasure_id = 'm_back'"
        assert await Slow(found, producer, rig.kafka, pace, wake=asyncio.Event())._turn()
        assert await found.fetchval(left)
        assert await Verifier(found, producer, rig.kafka, pace, wake=asyncio.Event())._turn()
        assert await found.fetchval(left) is False, "the next look is its own"
