"""What was unsent is gone, physically, within the bound: the promise of the room, on a real Kafka and PostgreSQL."""

import json
import uuid

import pytest
from compliance_rig import BOUND, SLACK, Rig, until
from happenings import edit, event, message, record, unsend

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.events import Kind
from kaiwa.devstack.segments import traces
from kaiwa.devstack.tables import tables_with

CONTENT = (topics.EVENTS, topics.QUARANTINE)


@pytest.mark.timeout(240)
async def test_unsent_messages_are_gone_from_log_tables_and_segment_files(rig: Rig) -> None:
    """Before, after and between; standby, echo, edit, unknown and quarantine too; on partitions that are otherwise idle.

    Broken by: no heartbeats (the segment files keep it); no tombstone for late copies (``after`` stays readable);
    no index of quarantine, unknown or standby records; a tombstone to another partition; old versions of a case left in
    its file.
    """
    gone, kept, customer = (f"canary-{uuid.uuid4().hex}" for _ in range(3))
    before, echo, after, other = (f"m_{uuid.uuid4().hex}" for _ in range(4))
    item = {"message": {"mid": before, "text": gone}}
    await rig.write(
        record(message(before, gone, customer=customer)),
        record(edit(before, gone, customer=customer)),
        record(message(echo, gone, customer=customer, kind=Kind.MESSAGE_ECHOED, stream="standby")),
        record(event(Kind.UNKNOWN, {}, customer=customer, raw=item)),
        Outgoing(topics.QUARANTINE, b"poison", f'"mid":"{before}","text":"{gone}"'.encode()),
        record(message(other, kept, customer=customer)),
    )
    kafka = rig.stack.kafka
    assert kafka is not None, "this test reads the broker's own files: let it start the broker"
    for topic in CONTENT:
        assert traces(kafka.log_dir, topic, gone.encode()), "a blind scanner's word means nothing"

    service = rig.service()
    service.start()
    await rig.ready(service)
    telling = {"message": {"mid": echo, "is_deleted": True, "text": gone}}
    await rig.write(
        record(unsend(before, customer=customer)),
        record(unsend(after, customer=customer)),
        record(unsend(echo, customer=customer, raw=telling, stream="standby")),
    )

    async def noticed() -> bool:
        return len(await rig.states()) == 3

    await until(noticed, within=SLACK, what="the unsends noticed, so that what follows is late")
    await rig.write(
        record(message(after, gone, customer=customer)), record(edit(after, gone, customer=customer))
    )
    await rig.settled("verified", cases=5, within=BOUND + SLACK)
    assert all(case["found"] == 0 for case in await rig.cases()), "gone at the first look, not the second"
    for topic in CONTENT:
        assert not any(gone.encode() in value for value in await rig.values(topic))
        assert not traces(kafka.log_dir, topic, gone.encode())
    assert not await tables_with(rig.dsn, gone)
    assert not await rig.on_disk(gone)
    assert await rig.on_disk(after), "a blind scanner's word means nothing"
    assert any(kept.encode() in value for value in await rig.values(topics.EVENTS)), (
        "only what was unsent goes"
    )

    await rig.acknowledge()
    await rig.settled("closed", cases=5, within=SLACK)
    for name in (before, echo, after, customer):
        assert not await tables_with(rig.dsn, name), "a closed case holds no id"
    await rig.off_the_disk(gone, before, echo, after, customer)
    await _shows(rig)
    verified = await rig.kaiwa("ledger", "verify")
    assert verified.returncode == 0, verified.stderr
    assert await service.terminate() == 0


async def _shows(rig: Rig) -> None:
    """The command's view of a closed case: states, counts and holders, nothing else."""
    case = next(case for case in await rig.cases() if case["reason"] == "unsent")
    shown = json.loads((await rig.kaiwa("deletions", "show", case["erasure_id"], "--json")).stdout)
    assert case.pop("owes") == []
    assert {name: shown[name] for name in case} == case
    assert {word["holder"]: word["status"] for word in shown["holders"]} == {
        "dispatcher": "nothing_found",
        "topics": "done" if shown["records"] else "nothing_found",
        "sends": "by_retention",
    }
    unknown = await rig.kaiwa("deletions", "show", "nobody")
    assert (unknown.returncode, unknown.stderr) == (1, "no erasure nobody: see `kaiwa deletions list`\n")


@pytest.mark.timeout(180)
async def test_the_verifier_finds_what_the_index_never_heard_of(rig: Rig) -> None:
    """A copy under another key, in running text of a shape nobody knows.

    Broken by: looking for the keys alone; taking a finding for a success.
    """
    mid, customer, text = "m.short", uuid.uuid4().hex, f"canary-{uuid.uuid4().hex}"
    service = rig.service()
    service.start()
    await rig.ready(service)
    await rig.write(
        record(event(Kind.UNKNOWN, {}, customer=customer, raw=f"said {text} in {mid}")),
        record(unsend(mid, customer=customer)),
    )

    async def found() -> bool:
        return any(case["found"] for case in await rig.cases())

    async def erased() -> bool:
        return not any(text.encode() in value for value in await rig.values(topics.EVENTS))

    await until(found, within=BOUND + SLACK, what="the copy found")
    assert "erased_record_found" in service.log.read_text()
    assert text not in service.log.read_text()
    await until(erased, within=BOUND + SLACK, what="the copy erased")
    assert await service.terminate() == 0
