"""The audit on a real Kafka and PostgreSQL: the dispatcher's disclosure is turned off, and it is found."""

import json
from collections import Counter
from functools import partial

import asyncpg
import pytest
from compliance_rig import SLACK, Rig, until
from happenings import ACCOUNT, message, record, registered

from kaiwa.bus.reader import read
from kaiwa.bus.records import Outgoing, header_text
from kaiwa.contracts import topics
from kaiwa.contracts.analytics import decode_compliance
from kaiwa.contracts.events import Kind
from kaiwa.contracts.outcomes import Disclosure, Outcome, Part, encode
from kaiwa.contracts.times import rfc3339
from kaiwa.devstack.tables import tables_with
from kaiwa.runtime.clock import utc_now

PATIENCE = "2"
CUSTOMER, TEXT = "customer-canary", "Hi, this is the automatic assistant. canary"


def outcome(mid: str, *, customer: str, seq: int = 2, disclosed: bool = True, **fields: object) -> Outgoing:
    """As the dispatcher writes it; without ``disclosed``, as one would that forgot."""
    made = Outcome(
        id=f"{mid}-{seq}",
        seq=seq,
        request_id=f"request-{mid}",
        account_id=ACCOUNT,
        customer_id=customer,
        state="sent",
        parts=(Part(1, "sent", mid),),
        disclosure=Disclosure("start", "assistant.v1", "en", "prefix", mid) if disclosed else None,
        decided_at=rfc3339(utc_now()),
        **{"author_kind": "automation", "lane": "transactional", **fields},  # type: ignore[arg-type]
    )
    return Outgoing(topics.OUTCOMES, f"{ACCOUNT}:{customer}".encode(), encode(made))


def echoed(mid: str, *, customer: str, text: str = TEXT) -> Outgoing:
    return record(message(mid, text, customer=customer, kind=Kind.MESSAGE_ECHOED))


async def findings(rig: Rig) -> dict[str, list[str]]:
    """Every state that each kind of verdict ever had, in its order."""
    connection = await asyncpg.connect(rig.dsn)
    try:
        rows = await connection.fetch(
            "select v.kind, h.state from compliance.verdicts v join compliance.verdict_history h using (verdict_id)"
            " order by h.at"
        )
    finally:
        await connection.close()
    told: dict[str, list[str]] = {}
    for row in rows:
        told.setdefault(row["kind"], []).append(row["state"])
    return told


@pytest.mark.timeout(180)
async def test_an_undisclosed_message_is_found_and_a_late_record_clears_what_it_explains(rig: Rig) -> None:
    """One conversation that discloses, one that does not, one whose echo waits for its outcome.

    Broken by: an audit that believes the outcomes (then nothing is failed), one that never looks again, one that loses
    a finding's history, one that forgets what it owes after a crash; facts that are dropped before Kafka has them, or
    that get another id when they are published again.
    """
    key = str(rig.folder / "keys" / "analytics-pseudonym.key")
    settings = {"KAIWA_COMPLIANCE__AUDIT_PATIENCE": PATIENCE, "KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE": key}
    service = rig.service(crash_at="compliance.audited", **settings)
    service.start()
    written = [
        record(message("q1", "Is it there?", customer=CUSTOMER)),
        echoed("m1", customer=CUSTOMER),
        outcome("m1", customer=CUSTOMER),
        outcome("m2", customer="silent", disclosed=False),
        echoed("m2", customer="silent", text="Yes"),
        outcome("m3", customer="claims"),
        echoed("m4", customer="explained", text="typed?"),
        outcome("m5", customer="tagged", author_kind="human", tag="HUMAN_AGENT", disclosed=False),
        echoed("m5", customer="tagged", text="Kim here"),
    ]
    await rig.write(*written)
    assert await service.wait(SLACK) != 0, "it crashes where it was told to"
    service = rig.service(crash_at="compliance.told", **settings)
    service.start()
    assert await service.wait(SLACK) != 0, "Kafka has the first facts, the database still has them too"
    service = rig.service(**settings)
    service.start()

    async def told() -> bool:
        found = await findings(rig)
        disclosures = sorted(found.get("disclosure", []))
        return disclosures == ["delivered", "failed", "missing"] and found.get("author") == ["typed"]

    await until(told, within=SLACK + 15, what="delivered, missing, failed, and an author unknown")
    assert (await findings(rig))["tag"] == ["proper"]
    await rig.write(registered(ACCOUNT, "218471"))
    listed = await rig.kaiwa("findings", "--json")
    named = {(row["account_id"], row["kind"], row["state"]) for row in json.loads(listed.stdout)}
    assert named == {
        (ACCOUNT, *what)
        for what in (("disclosure", "missing"), ("disclosure", "failed"), ("author", "typed"))
    }, "whoever is alerted learns of which account"

    await rig.write(outcome("m4", customer="explained", author_kind="human", disclosed=False), *written)
    await rig.write(echoed("m3", customer="claims"))

    async def cleared() -> bool:
        found = await findings(rig)
        return found["author"] == ["typed", "cleared"] and found["disclosure"][-1] == "delivered"

    await until(cleared, within=SLACK, what="both explained, with their history")
    for canary in (CUSTOMER, "canary", "m1", "request-m1"):
        assert not [
            name for name in await tables_with(rig.dsn, canary) if "audit" in name or "verdict" in name
        ]
    await until(partial(_all_told, rig), within=SLACK, what="every verdict in analytics, once by its id")
    assert await service.terminate() == 0
    verified = await rig.kaiwa("ledger", "verify")
    assert verified.returncode == 0, verified.stderr
    await _entered(rig)
    assert max(Counter(name for name, _ in await _told(rig)).values()) == 2, (
        "the crash told some of them twice"
    )


async def _all_told(rig: Rig) -> bool:
    """What analytics has, each id counted once, is the history of the verdicts."""
    history = [f"audit.{kind}.{state}" for kind, states in (await findings(rig)).items() for state in states]
    return Counter(dict(await _told(rig)).values()) == Counter(history)


async def _told(rig: Rig) -> list[tuple[str | None, str]]:
    """Each record of analytics by its id: under pseudonyms, and nothing that was said or who said it."""
    facts = []
    async for told in read(rig.kafka, [topics.ANALYTICS_COMPLIANCE], client_id="test"):
        assert not any(canary in str(told) for canary in ("canary", ACCOUNT, "m1", "request-"))
        fact = decode_compliance(told.value or b"")
        assert fact.hour.endswith(":00:00.000Z")
        if fact.conversation is not None:
            assert told.key == fact.conversation.encode()
        facts.append((header_text(told, "ce_id"), fact.fact))
    return facts


async def _entered(rig: Rig) -> None:
    connection = await asyncpg.connect(rig.dsn)
    try:
        kinds = [row["kind"] for row in await connection.fetch("select kind from compliance.entries")]
        [open_] = await connection.fetch("select state from compliance.verdicts where is_finding")
    finally:
        await connection.close()
    assert open_["state"] == "missing"
    for kind in (
        "audit.disclosure.missing",
        "audit.author.typed",
        "audit.author.cleared",
        "audit.tag.proper",
    ):
        assert kinds.count(kind) == 1, kind
