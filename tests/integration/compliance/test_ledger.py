"""The ledger stands: the database refuses to change it, and whoever does so all the same is found."""

import json

import asyncpg
import pytest
from compliance_rig import SLACK, Rig, until
from happenings import record, unsend

from kaiwa.contracts import topics
from kaiwa.contracts.erasures import decode_checkpoint

REFUSED = (
    "update compliance.entries set commitment = '\\x00'",
    "update compliance.entries set seq = seq + 100",
    "update compliance.entries set kind = 'x' where seq = 1",
    "delete from compliance.entries where seq = 1",
    "truncate compliance.entries",
    "update compliance.checkpoints set root = 'x'",
    "delete from compliance.checkpoints",
    "truncate compliance.checkpoints",
    "update compliance.checkpoints set succession = null",
    "insert into compliance.entries (kind, commitment, seq, leaf) values ('x', '', 7, '')",
)
TAMPERED = {
    "update compliance.entries set commitment = '\\x00' where seq = 2": "entry 2 is not what was sealed",
    "update compliance.entries set recorded_at = recorded_at - interval '1 hour' where seq = 0": "entry 0 is not",
    "delete from compliance.entries where seq = 1": "entry 1 is missing: the next one is 2",
    "delete from compliance.entries; delete from compliance.checkpoints": "entry 0 is missing: the checkpoint in the topic",
    "update compliance.checkpoints set tree_size = tree_size + 1000": "has no valid signature",
}


@pytest.mark.timeout(240)
async def test_the_ledger_refuses_change_and_shows_it(rig: Rig) -> None:
    """Broken by: no trigger for one of the statements; checking the database against itself alone (then deleting
    everything passes); trusting the stored leaves.
    """
    service = rig.service()
    service.start()
    await rig.write(*(record(unsend(f"m_{number}", customer="c")) for number in range(3)))

    async def published() -> bool:
        heads = [decode_checkpoint(value) for value in await rig.values(topics.CHECKPOINTS)]
        return max((head.tree_size for head in heads), default=0) >= 6

    await until(published, within=SLACK, what="received and tombstoned of three cases, sealed and published")
    assert await service.terminate() == 0
    verified = await rig.kaiwa("ledger", "verify", "--json")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["entries"] >= 6
    published_heads = {decode_checkpoint(value) for value in await rig.values(topics.CHECKPOINTS)}
    assert published_heads == set(rig.checkpoints_in_file())

    connection = await asyncpg.connect(rig.dsn)
    try:
        for statement in REFUSED:
            with pytest.raises(asyncpg.RaiseError, match="the ledger only grows"):
                await connection.execute(statement)
        await connection.execute(
            "set session_replication_role = replica"
        )  # a superuser switches the triggers off
        await connection.execute("create schema saved")
        for table in ("entries", "checkpoints"):
            await connection.execute(f"create table saved.{table} as table compliance.{table}")
        for statement, finding in TAMPERED.items():
            await connection.execute(statement)
            caught = await rig.kaiwa("ledger", "verify")
            assert caught.returncode == 1, statement
            assert finding in caught.stderr, statement
            assert caught.stderr.count("\n") == 1
            for table in ("entries", "checkpoints"):
                await connection.execute(f"truncate compliance.{table}")
                insert = f"insert into compliance.{table} overriding system value select * from saved.{table}"
                await connection.execute(insert)
    finally:
        await connection.close()
    assert (await rig.kaiwa("ledger", "verify")).returncode == 0
