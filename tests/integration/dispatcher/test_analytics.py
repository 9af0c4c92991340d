"""Facts of outcomes reach their topic, one for each, and nothing of anybody's is in them."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.bus.reader import read
from kaiwa.bus.records import header_text
from kaiwa.contracts import topics
from kaiwa.contracts.analytics import decode_outbound
from kaiwa.contracts.ids import opaque
from kaiwa.devstack.stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = b"p" * 32


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatcherRig]:
    name = f"analytics_{uuid.uuid4().hex}"
    folder: Path = tmp_path_factory.mktemp("analytics")
    (folder / "pseudonym.key").write_text(KEY.hex())
    async with DispatcherRig(stack, stack.create_database(name), folder) as made:
        await made.ingest()
        await made.dispatcher(KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE=str(folder / "pseudonym.key"))
        yield made
    stack.drop_database(name)


async def test_every_outcome_has_its_fact_and_nobody_is_in_it(rig: DispatcherRig) -> None:
    """Operations 3, promise 8. Broken when a fact holds an id or a word, or when the relay forgets facts."""
    person = await rig.customer("canary-question")
    request = await rig.ask(person, "canary-answer", author=HUMAN)
    outcome = await rig.final(request)
    await rig.drained()

    pseudonym = opaque(KEY, "conversation", person.account_id, person.customer_id)
    records = [r async for r in read(rig.kafka, [topics.ANALYTICS_OUTBOUND], client_id="test")]
    mine = {header_text(r, "ce_id"): r for r in records if r.key == pseudonym.encode() and r.value}
    facts = [decode_outbound(r.value or b"") for r in mine.values()]

    assert {fact.state for fact in facts} >= {"accepted", "sent"}
    assert len(facts) == len({o.seq for o in rig.outcomes[request]})
    [sent] = [fact for fact in facts if fact.state == "sent"]
    assert (sent.message, sent.evidence, sent.parts_sent) == ("text", "answer", 1)
    assert 0 <= sent.elapsed_ms < 60_000
    mid = outcome.parts[0].mid or ""
    for record in mine.values():
        everything = b"".join(
            [record.key or b"", record.value or b"", *(value for _, value in record.headers)]
        )
        for secret in ("canary", person.account_id, person.customer_id, request, mid, outcome.id):
            assert secret.encode() not in everything
