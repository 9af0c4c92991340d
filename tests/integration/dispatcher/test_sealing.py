"""The sealing key is rotated by one command while two dispatchers run: nothing is lost, nothing stays under the old key."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asking import WITHIN
from dispatcher_rig import HUMAN, DispatcherRig

from kaiwa.contracts.times import rfc3339
from kaiwa.runtime.keys import read_keys
from kaiwa.store.sealing import name

pytestmark = pytest.mark.asyncio(loop_scope="module")


def key_file(rig: DispatcherRig) -> Path:
    return Path(rig.env["KAIWA_DISPATCHER__SEAL_KEY_FILE"])


async def sealed_by(rig: DispatcherRig, key: bytes) -> int:
    """Rows of tokens and contents that this key sealed."""
    count: int = await rig.db.fetchval(
        "select (select count(*) from dispatcher.accounts where substring(sealed_token from 1 for 8) = $1)"
        " + (select count(*) from dispatcher.contents where substring(sealed from 1 for 8) = $1)",
        name(key),
    )
    return count


async def rings(rig: DispatcherRig, most: int) -> None:
    """Wait until so many processes have shown their keys."""
    async with asyncio.timeout(WITHIN):
        while await rig.db.fetchval("select count(*) from dispatcher.keyrings") < most:  # noqa: ASYNC110 - the event is in PostgreSQL
            await asyncio.sleep(0.05)


async def test_a_key_is_rotated_while_messages_flow(rig: DispatcherRig) -> None:
    """Broken by: a key that seals before everybody can open it (a message would be put off as `unsealable`), contents or
    tokens that stay under the old one, or a message that waits and cannot be opened afterwards.
    """
    await rig.dispatcher("second")
    await rings(rig, 2)
    person = await rig.customer()
    later = rfc3339(datetime.now(UTC) + timedelta(seconds=45))
    waiting = await rig.ask(person, "sealed by the old key", author=HUMAN, not_before=later)
    await rig.accepted(waiting)
    old, *_ = read_keys(key_file(rig))
    assert await sealed_by(rig, old) >= 2

    rotating = asyncio.create_task(rig.kaiwa("keys", "rotate-seal", "--json"))
    asked = [await rig.ask(person, f"meanwhile {n}", author=HUMAN) for n in range(20)]
    done = json.loads((await rotating).stdout)

    new, kept, *_ = read_keys(key_file(rig))
    assert (kept, done["left"]) == (old, 0)
    assert "#" not in key_file(rig).read_text()
    assert key_file(rig).stat().st_mode & 0o777 == 0o600
    assert await sealed_by(rig, old) == 0
    assert [(await rig.final(request)).state for request in asked] == ["sent"] * 20
    assert (await rig.final(waiting)).state == "sent"
    unsealable = [o for outcomes in rig.outcomes.values() for o in outcomes if o.reason == "unsealable"]
    assert unsealable == []
    assert rig.sim.books.duplicates() == []
    assert await sealed_by(rig, new) >= 1


async def test_a_run_that_was_broken_off_is_taken_up(rig: DispatcherRig) -> None:
    """Broken by: a second new key for each try, or one that seals while a process lacks it."""
    await rig.customer()
    before = read_keys(key_file(rig))
    await rig.db.execute(
        "insert into dispatcher.keyrings (process, keys, seen_at) values ('deaf', '{}', now() + interval '1 hour')"
    )
    refused = await rig.kaiwa("keys", "rotate-seal", "--within", "2", check=False)
    assert (refused.returncode, "dispatchers have not" in refused.stderr) == (1, True)
    coming = read_keys(key_file(rig))
    assert coming[:-1] == before
    await rig.db.execute("delete from dispatcher.keyrings where process = 'deaf'")
    await rig.kaiwa("keys", "rotate-seal")
    assert read_keys(key_file(rig)) == [coming[-1], *before]
    again = json.loads((await rig.kaiwa("keys", "reseal", "--json")).stdout)
    assert (again["tokens"], again["left"]) == (0, 0)


async def test_what_no_key_opens_is_told(rig: DispatcherRig) -> None:
    person = await rig.customer()
    await rig.db.execute(
        "update dispatcher.accounts set sealed_token = decode(repeat('00', 60), 'hex') where account_id = $1",
        person.account_id,
    )
    done = await rig.kaiwa("keys", "reseal", "--json", check=False)
    assert (done.returncode, json.loads(done.stdout)["left"]) == (1, 1)
    await rig.apply()  # the file has it
    assert (await rig.final(await rig.ask(person, "back", author=HUMAN))).state == "sent"
