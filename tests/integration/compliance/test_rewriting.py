"""Tables written anew, so that ids leave the files: beside who locks them, and beside who reads them."""

import pytest
from compliance_rig import BOUND, Rig, open_unsent
from pydantic import SecretStr

from kaiwa.bus.producer import Producer
from kaiwa.compliance import rewrite
from kaiwa.compliance.commands.database import snapshot
from kaiwa.compliance.forget import Forgetting
from kaiwa.compliance.rewrite import Rewriting
from kaiwa.contracts import topics
from kaiwa.runtime import metrics
from kaiwa.runtime.settings import Postgres
from kaiwa.store.migrate import migrate, rooms
from kaiwa.store.pool import pool


@pytest.mark.parametrize("copying", [60.0, 0.1], ids=["refused", "too slow"])
async def test_a_table_that_is_locked_is_left_to_the_next_turn(
    database: str, copying: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump reads it. Broken by: asking again and again, for who waits for a lock keeps others waiting; silence about
    ids that stay; a copy that has no more time than any query.
    """
    await migrate(database, rooms())
    async with pool(database, application="test") as found:
        await open_unsent(found, "case")
        await found.execute(
            "update compliance.cases set state = 'closed', closed_at = now() - interval '1 hour', mid = null"
        )
        rewriting = Rewriting(found, bound=BOUND)
        async with found.acquire() as dump, dump.transaction():
            await dump.fetch("select from compliance.cases")
            with monkeypatch.context() as slow:
                slow.setattr(rewrite, "_COPY", copying)
                assert not await rewriting._turn()
            assert metrics.IDS_ON_DISK._value.get() >= 3600
        file = "select pg_relation_filenode('compliance.cases')"
        before = await found.fetchval(file)
        assert not await rewriting._turn()
        assert metrics.IDS_ON_DISK._value.get() == 0
        after = await found.fetchval(file)
        assert after != before
        assert not await rewriting._turn()
        assert await found.fetchval(file) == after, "nothing closed since"


async def test_a_report_of_one_moment_keeps_its_tables(database: str) -> None:
    """Broken by: a snapshot from before the table was written anew, to which it looks empty: a report would say 0."""
    await migrate(database, rooms())
    async with pool(database, application="test") as found:
        await open_unsent(found, "case")
        await found.execute("update compliance.cases set state = 'closed', closed_at = now(), mid = null")
        async with snapshot(Postgres(dsn=SecretStr(database))) as reading:
            await reading.fetchval("select count(*) from compliance.receipts")
            await Rewriting(found, bound=BOUND)._turn()
            assert await reading.fetchval("select count(*) from compliance.cases") == 1
        file = "select pg_relation_filenode('compliance.cases')"
        before = await found.fetchval(file)
        await Rewriting(found, bound=BOUND)._turn()
        assert await found.fetchval(file) != before, "once it is let go of"


async def test_an_account_whose_access_was_taken_back_leaves_the_file(rig: Rig) -> None:
    """Nothing else ends meanwhile. Broken by: deleting the row, of which the file keeps the last version."""
    async with pool(rig.dsn, application="test") as found, Producer(rig.kafka, client_id="test") as producer:
        await found.execute(
            "insert into compliance.withdrawals (erasure_id, account_id, told_at) values "
            "('told', 'account-that-left', now() - interval '8 days'), ('young', 'account-to-tell', now())"
        )
        rewriting, forgetting = Rewriting(found, bound=BOUND), Forgetting(found, producer, retention=60)
        for _ in range(2):
            await forgetting._turn()
            await rewriting._turn()
        assert not await rig.on_disk("account-that-left")
        assert await rig.on_disk("account-to-tell"), "a blind scanner's word means nothing"
        assert len(await rig.values(topics.ERASURES)) == 0
        await found.execute("update compliance.withdrawals set ended_at = ended_at - interval '36 days'")
        await forgetting._turn()
        (left,) = await found.fetch("select erasure_id from compliance.withdrawals")
        assert left["erasure_id"] == "young"
