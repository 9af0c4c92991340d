"""Lists that Meta mails, by the command on a real Kafka and PostgreSQL: looked at first, all or nothing, resumed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from compliance_rig import SLACK, Rig, until
from happenings import ACCOUNT, registered

SHOP, HELD = "17841400000000002", "17841400000000003"
MANY = 500
LIST = f"""user_id,app_id,account_id,customer_id
v,1001,,
stranger,1001,,
,,{ACCOUNT},c1
h,1001,,
,,{ACCOUNT},c1
"""


async def imported(rig: Rig, file: Path, *words: str) -> dict[str, Any]:
    done = await rig.kaiwa("deletions", "import", str(file), *words, "--json")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


async def asked(rig: Rig) -> dict[str, int]:
    """How many requests there are in each state."""
    connection = await asyncpg.connect(rig.dsn)
    try:
        rows = await connection.fetch("select state, count(*) from compliance.requests group by state")
    finally:
        await connection.close()
    return {row["state"]: row["count"] for row in rows}


@pytest.mark.timeout(180)
async def test_a_list_is_looked_at_taken_and_taken_once(rig: Rig, tmp_path: Path) -> None:
    """Broken by: a dry run that writes; a row that is taken twice; a broken row beside which others are taken; silence about
    whom nobody knows or a hold keeps.
    """
    file, broken = tmp_path / "list.csv", tmp_path / "broken.csv"
    file.write_text(LIST)
    broken.write_text(f"{LIST}no id at all,1001,,\nv,,,\n")
    await rig.write(registered(SHOP, "v"), registered(HELD, "h"))
    held = await rig.kaiwa("deletions", "hold", "--account", HELD, "--reference", "case 7")
    assert held.returncode == 0, held.stderr

    refused = await rig.kaiwa("deletions", "import", str(broken))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "nothing was imported" in refused.stderr
    assert "line 7" in refused.stderr
    assert "line 8" in refused.stderr
    looked = await imported(rig, file, "--dry-run")
    assert await asked(rig) == {}
    done = await imported(rig, file)
    assert done == {**looked, "dry_run": False}
    assert (done["begun"], done["unmatched"], done["held"]) == (2, [3], [5])
    assert await asked(rig) == {"in_progress": 2, "queued": 1, "refused": 1}
    again = await imported(rig, file)
    assert (again["begun"], again["known"]) == (0, 4)
    assert await asked(rig) == {"in_progress": 2, "queued": 1, "refused": 1}


@asynccontextmanager
async def stopping(rig: Rig, *, at: str) -> AsyncIterator[None]:
    """Whoever writes down this customer's request waits, with what belongs to the same transaction."""
    connection = await asyncpg.connect(rig.dsn)
    try:
        await connection.execute(
            "create function stop() returns trigger language plpgsql as"
            " 'begin perform pg_advisory_xact_lock(7); return new; end';"
            f"create trigger stop before insert on compliance.requests for each row when (new.customer_id = '{at}')"
            " execute function stop(); select pg_advisory_lock(7)"
        )
        yield
        await connection.execute("select pg_advisory_unlock(7); drop trigger stop on compliance.requests")
    finally:
        await connection.close()


async def waiting(rig: Rig) -> bool:
    """Somebody waits there."""
    connection = await asyncpg.connect(rig.dsn)
    try:
        query = (
            "select exists (select from pg_locks where locktype = 'advisory' and objid = 7 and not granted)"
        )
        return bool(await connection.fetchval(query))
    finally:
        await connection.close()


@pytest.mark.timeout(180)
async def test_an_import_that_was_killed_goes_on(rig: Rig, tmp_path: Path) -> None:
    """Broken by: codes made at random; one transaction for all; an end that only the first run knows."""
    file = tmp_path / "list.json"
    people = [{"account_id": ACCOUNT, "customer_id": f"c{n}"} for n in range(MANY)]
    file.write_text(json.dumps(people))
    command = [sys.executable, "-c", "from kaiwa.runtime.cli import main; main()", "deletions", "import"]
    async with stopping(rig, at=f"c{MANY - 1}"):
        running = await asyncio.create_subprocess_exec(*command, str(file), env={**os.environ, **rig.env})

        async def stopped() -> bool:
            return running.returncode is not None or await waiting(rig)

        await until(stopped, within=2 * SLACK, what="some pages taken, and one half done")
        assert running.returncode is None
        running.kill()
        await running.wait()
    first = (await asked(rig))["in_progress"]
    assert 0 < first < MANY
    rest = await imported(rig, file)
    assert (rest["known"], rest["begun"]) == (first, MANY - first)
    assert await asked(rig) == {"in_progress": MANY}
