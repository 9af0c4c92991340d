"""What is delivered again of somebody who was erased: at once gone, looked for once more, and not a case each."""

import json
import uuid

import asyncpg
import msgspec
import pytest
from compliance_rig import BOUND, SLACK, Rig, until
from happenings import ACCOUNT, event, message, record

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.segments import traces
from kaiwa.runtime.clock import utc_now

AGAIN = 300


async def ask(rig: Rig, query: str) -> int:
    connection = await asyncpg.connect(rig.dsn)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def written(rig: Rig, kind: str) -> int:
    return await ask(rig, f"select count(*) from compliance.entries where kind = '{kind}'")


def dated_anew(told: Event) -> Outgoing:
    """As the platform delivers a comment again."""
    return record(msgspec.structs.replace(told, occurred_at=rfc3339(utc_now())))


async def erased(rig: Rig, customer: str) -> None:
    """Asked for, gone, and closed."""
    asked = await rig.kaiwa("deletions", "request", "--account", ACCOUNT, "--customer", customer)
    assert asked.returncode == 0, asked.stderr
    await rig.settled("verified", cases=1, within=BOUND + SLACK)
    await rig.acknowledge()
    await rig.settled("closed", cases=1, within=SLACK)


async def gone(rig: Rig, text: str, *, within: float) -> None:
    async def unreadable() -> bool:
        return not any(text.encode() in value for value in await rig.values(topics.EVENTS))

    await until(unreadable, within=within, what="tombstoned again")


async def looked_for_again(rig: Rig, told: Event, text: str) -> None:
    """A comment that says it happened later: only its key tells that it was theirs."""
    before = await ask(rig, "select count(*) from compliance.cases")
    began = await ask(rig, "select extract(epoch from clock_timestamp())")
    await rig.write(dated_anew(told))
    await gone(rig, text, within=BOUND + SLACK)

    async def verified() -> bool:
        return await written(rig, "erasure.verified_again") == 1

    await until(verified, within=BOUND + SLACK, what="the tombstone of the closed case verified")
    first = "select extract(epoch from min(recorded_at)) from compliance.entries where kind = 'erasure.verified_again'"
    assert await ask(rig, first) - began >= BOUND / 2, "not at once: when the log is clean"
    kafka = rig.stack.kafka
    assert kafka is not None, "this test reads the broker's own files: let it start the broker"
    assert not traces(kafka.log_dir, topics.EVENTS, text.encode())
    assert await ask(rig, "select count(*) from compliance.cases") == before, "it is nobody's new case"
    assert await written(rig, "erasure.found") == 0


async def found_again(rig: Rig, told: Event) -> None:
    """A tombstone that did not do its work: what is looked for is there."""
    await rig.write(record(told))
    connection = await asyncpg.connect(rig.dsn)
    try:
        await connection.execute(
            "insert into compliance.targets (erasure_id, topic, partition, key, sent_at, check_at) "
            "select erasure_id, $1, $2, $3, now(), now() from compliance.cases where reason = 'operator'",
            topics.EVENTS,
            record(told).partition,
            told.id.encode(),
        )
    finally:
        await connection.close()

    async def concluded() -> bool:
        return await written(rig, "erasure.found") == 1 and await written(rig, "erasure.verified_again") == 2

    await until(concluded, within=BOUND + 2 * SLACK, what="found, erased, and verified then")
    assert told.id.encode() not in await keys(rig)


async def keys(rig: Rig) -> set[bytes]:
    return {
        json.loads(value)["id"].encode() for value in await rig.values(topics.EVENTS) if value[:1] == b"{"
    }


@pytest.mark.timeout(360)
async def test_what_comes_again_is_gone_verified_and_one_case(rig: Rig) -> None:
    """Broken by: a case for each record; an order that goes out while others join; a tombstone for a closed case that
    nobody looks after; a finding there that is taken for a success.
    """
    text, customer = f"canary-{uuid.uuid4().hex}", uuid.uuid4().hex
    messages = [message(f"m_{number}", text, customer=customer) for number in range(AGAIN)]
    comment = event(Kind.COMMENT_RECEIVED, {"comment_id": "1", "text": text}, customer=customer)
    await rig.write(*(record(each) for each in messages), record(comment))
    service = rig.service()
    service.start()
    await rig.ready(service)
    await erased(rig, customer)

    for begin in range(0, AGAIN, 30):
        await rig.write(*(record(each) for each in messages[begin : begin + 30]))
    await gone(rig, text, within=SLACK)
    cases = await ask(rig, "select count(*) from compliance.cases where reason = 'late_copy'")
    assert 1 <= cases <= AGAIN / 30, f"{cases} cases for {AGAIN} records"
    await until_all_verified(rig, cases)
    assert await written(rig, "erasure.found") == 0
    targets = "select count(distinct key) from compliance.targets join compliance.cases using (erasure_id) where reason = 'late_copy'"
    assert await ask(rig, targets) == AGAIN

    await looked_for_again(rig, comment, text)
    await found_again(rig, message("m_other", "theirs", customer="somebody else"))
    verified = await rig.kaiwa("ledger", "verify")
    assert verified.returncode == 0, verified.stderr
    assert await service.terminate() == 0


async def until_all_verified(rig: Rig, cases: int) -> None:
    async def verified() -> bool:
        done = "select count(*) from compliance.cases where reason = 'late_copy' and state = 'verified'"
        return await ask(rig, done) == cases

    await until(verified, within=BOUND + SLACK, what="the late copies verified")
