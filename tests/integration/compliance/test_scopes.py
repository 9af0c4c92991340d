"""More than one message: customers, accounts, callbacks, an operator's queue, holds and holders, on the real things."""

import json
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from compliance_rig import BOUND, SLACK, Rig, until
from happenings import ACCOUNT, event, message, record, registered, unsend, wish

from kaiwa.bus.records import Outgoing
from kaiwa.contracts import topics
from kaiwa.contracts.erasures import Receipt, decode_erasure, encode
from kaiwa.contracts.events import Kind
from kaiwa.devstack.processes import Process
from kaiwa.devstack.segments import traces
from kaiwa.devstack.tables import tables_with

EXAMPLE = Path(__file__).parents[3] / "libs/client/example/holder.py"
CONTENT = (topics.EVENTS, topics.QUARANTINE)
SHOP, HELD, LEFT = "17841400000000002", "17841400000000003", "17841400000000004"


async def asked(rig: Rig) -> dict[str, dict[str, Any]]:
    done = await rig.kaiwa("deletions", "requests", "--json")
    assert done.returncode == 0, done.stderr
    return {row["code"]: row for row in json.loads(done.stdout)}


async def column(rig: Rig, query: str) -> list[Any]:
    """Asked of the database, as a command takes a second to start."""
    connection = await asyncpg.connect(rig.dsn)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


@dataclass(frozen=True)
class People:
    """``gone`` and ``kept`` are texts; the others are ids."""

    gone: str = field(default_factory=lambda: f"canary-{uuid.uuid4().hex}")
    kept: str = field(default_factory=lambda: f"canary-{uuid.uuid4().hex}")
    customer: str = field(default_factory=lambda: str(uuid.uuid4().int)[:16])
    third: str = field(default_factory=lambda: str(uuid.uuid4().int)[:16])

    def records(self) -> list[Outgoing]:
        """Of a customer, of a shop's, of another customer, and of an account that is held."""
        gone, kept, customer = self.gone, self.kept, self.customer
        theirs = {"mid": "m_3", "text": gone}
        longer = {"from": {"id": customer + "0"}, "text": kept}
        held = ({"mid": "m_4", "text": kept}, {"mid": "m_5", "text": gone})
        return [
            registered(SHOP, "v"),
            registered(HELD, "h"),
            record(message("m_1", gone, customer=customer)),
            record(message("m_echo", gone, customer=customer, kind=Kind.MESSAGE_ECHOED)),
            record(event(Kind.COMMENT_RECEIVED, {"comment_id": "1", "text": gone}, customer=customer)),
            record(event(Kind.UNKNOWN, {}, customer=None, raw={"from": {"id": customer}, "text": gone})),
            Outgoing(topics.QUARANTINE, b"poison", f'{{"from":{customer},"text":"{gone}"'.encode()),
            record(event(Kind.MESSAGE_RECEIVED, theirs, customer=self.third, account=SHOP)),
            record(message("m_2", kept, customer="c2")),
            record(event(Kind.UNKNOWN, {"another": "event"}, customer=None, raw=longer)),
            *(record(event(Kind.MESSAGE_RECEIVED, each, customer="c4", account=HELD)) for each in held),
        ]


async def nothing_holds_an_unsend(rig: Rig) -> None:
    """What is asked for is refused, and the person can read why; what was unsent goes."""
    for words in (
        ("holders", "add", "crm", "--deadline", "300"),
        ("deletions", "hold", "--account", HELD, "--reference", "case 7"),
    ):
        done = await rig.kaiwa(*words)
        assert done.returncode == 0, done.stderr
    refused = await rig.kaiwa("deletions", "request", "--account", HELD, "--customer", "c4")
    assert refused.returncode == 1
    assert "refused: legal_hold" in refused.stderr
    await rig.write(record(msgspec.structs.replace(unsend("m_5", customer="c4"), account_id=HELD)))


async def people_ask(rig: Rig, people: People) -> str:
    """A customer by an operator, an account by its deauthorisation, and three strangers; the first one's code."""
    begun = await rig.kaiwa(
        "deletions", "request", "--account", ACCOUNT, "--customer", people.customer, "--json"
    )
    assert begun.returncode == 0, begun.stderr
    await rig.write(
        wish(Kind.APP_DEAUTHORIZED, "v", "CODEV"),
        wish(Kind.APP_DEAUTHORIZED, "h", "CODEH"),
        wish(Kind.DELETION_REQUESTED, "stranger", "CODE1"),
        wish(Kind.DELETION_REQUESTED, "nobody", "CODE2"),
        wish(Kind.APP_DEAUTHORIZED, "leaver", "CODE3"),
    )

    async def queued() -> bool:
        return await column(rig, "select count(*) from compliance.requests where state = 'queued'") == [3]

    await until(queued, within=SLACK, what="the strangers in the queue")
    await an_account_that_left(rig)
    matched = await rig.kaiwa("deletions", "match", "CODE1", "--account", ACCOUNT, "--customer", "c9")
    assert matched.returncode == 0, matched.stderr
    rejected = await rig.kaiwa("deletions", "reject", "CODE2", "--reason", "not_ours")
    assert rejected.returncode == 0, rejected.stderr
    assert (await rig.kaiwa("deletions", "match", "CODE2", "--account", ACCOUNT)).returncode == 1
    code: str = json.loads(begun.stdout)["code"]
    return code


async def an_account_that_left(rig: Rig) -> None:
    """Nobody logged in as who removed the app: its operator sees that, and says which account's tokens are meant."""
    (code,) = (code for code, row in (await asked(rig)).items() if row["user_id"] == "leaver")

    async def counted() -> bool:
        async with httpx.AsyncClient() as client:
            shown = (await client.get(f"{rig.url}/metrics")).text
        return 'kaiwa_compliance_queue_size{source="deauthorisation"} 1.0' in shown

    await until(counted, within=SLACK, what="the deauthorisation in the metrics")
    matched = await rig.kaiwa("deletions", "match", code, "--account", LEFT)
    assert matched.returncode == 0, matched.stderr
    assert await column(rig, f"select reason from compliance.cases where account_id = '{LEFT}'") == [
        "deauthorised"
    ]


async def stray_receipts(rig: Rig) -> None:
    """For an erasure that is nobody's, and of a holder that is nobody."""
    at = "2026-11-22T10:00:00.000Z"
    (some,) = (await column(rig, "select erasure_id from compliance.cases"))[:1]
    strays = (
        Receipt(erasure_id="NOBODYS", holder="crm", status="done", at=at),
        Receipt(erasure_id=some, holder="passer-by", status="done", at=at),
    )
    await rig.write(*(Outgoing(topics.RECEIPTS, each.key, encode(each)) for each in strays))


async def everybody_was_answered(rig: Rig, code: str) -> None:
    async def answered() -> bool:
        return {row["state"] for row in (await asked(rig)).values()} == {"done", "refused"}

    await until(answered, within=SLACK, what="every request done or refused")
    states = {code: (row["source"], row["state"], row["refusal"]) for code, row in (await asked(rig)).items()}
    assert states.pop(code) == ("operator", "done", None)
    assert states.pop("CODE1") == ("callback", "done", None)
    assert states.pop("CODE2") == ("callback", "refused", "not_ours")
    assert set(states.values()) == {
        ("operator", "refused", "legal_hold"),
        ("deauthorisation", "done", None),
        ("deauthorisation", "refused", "legal_hold"),
    }
    orders = [decode_erasure(value) for value in await rig.values(topics.ERASURES)]
    (held,) = [order for order in orders if order.held]
    assert (held.account_id, held.state, held.reason) == (HELD, "closed", "deauthorised")


async def holders_are_known(rig: Rig) -> None:
    listed = json.loads((await rig.kaiwa("holders", "list", "--json")).stdout)
    assert listed["registered"] == [{"holder": "crm", "deadline": 300.0, "owed": 0, "late": 0}]
    assert listed["stray_receipts"] == {"unknown_erasure": 1, "unknown_holder": 1}
    assert {holder["name"] for holder in listed["built_in"]} >= {topic.name for topic in topics.TABLE}
    checked = await rig.kaiwa("holders", "check")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.timeout(300)
async def test_customers_and_accounts_are_gone_and_everybody_hears_what_became_of_it(rig: Rig) -> None:
    """A customer by an operator's request, an account by its deauthorisation, with a holder of somebody else's.

    Broken by: reading the conversation alone (what names no customer, and quarantine, stay); erasing the account's other
    customers; forgetting who was erased (a redelivery stays); closing without the holder's receipt; a hold that holds
    nothing, or that holds an unsend or the tokens of whoever removed the app; taking any receipt for the one that is owed.
    """
    people = People()
    written = people.records()
    await rig.write(*written)
    kafka = rig.stack.kafka
    assert kafka is not None, "this test reads the broker's own files: let it start the broker"
    for topic in CONTENT:
        assert traces(kafka.log_dir, topic, people.gone.encode()), "a blind scanner's word means nothing"
    crm = Process(
        rig.stack.keeper, "crm", [sys.executable, str(EXAMPLE)], env=rig.env, log=rig.folder / "crm.log"
    )
    crm.start()
    service = rig.service()
    service.start()
    await rig.ready(service)
    await nothing_holds_an_unsend(rig)
    code = await people_ask(rig, people)

    async def tombstoned() -> bool:
        found = await column(rig, "select state from compliance.cases where scope <> 'message'")
        return len(found) == 4 and "received" not in found

    await until(
        tombstoned, within=SLACK, what="the records found and tombstoned, so that what follows is late"
    )
    await rig.write(next(each for each in written if each.topic == topics.EVENTS))
    await stray_receipts(rig)
    await rig.settled("verified", cases=6, within=BOUND + SLACK)
    for topic in CONTENT:
        assert not any(people.gone.encode() in value for value in await rig.values(topic)), topic
        assert not traces(kafka.log_dir, topic, people.gone.encode()), topic
    assert not await rig.on_disk(people.gone)
    assert await rig.on_disk(people.customer), "a blind scanner's word means nothing"
    kept = sum(people.kept.encode() in value for value in await rig.values(topics.EVENTS))
    assert kept == 3, "only what was asked for goes"

    await rig.acknowledge()
    await rig.settled("closed", cases=6, within=SLACK)
    await everybody_was_answered(rig, code)
    for name in (people.customer, people.third, "stranger", "nobody", people.gone):
        assert not await tables_with(rig.dsn, name), "what is finished holds no id"
    await rig.off_the_disk(people.customer, people.third, "stranger", "nobody", "leaver", people.gone)
    await holders_are_known(rig)
    for log in (service.log, crm.log):
        assert people.customer not in log.read_text()
    await crm.kill()
    assert await service.terminate() == 0
