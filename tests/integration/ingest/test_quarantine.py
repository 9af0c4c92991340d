"""The registry's word about accounts, the commands over quarantine, and the fuse, on a real Kafka."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deliveries import body, entry, text
from doors import APP, Door, environment, written

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.contracts import accounts, events, topics
from kaiwa.runtime.settings import Kafka


async def register(bootstrap_servers: str, account_id: str, app_id: str | None) -> None:
    value = (
        None if app_id is None else accounts.encode(accounts.Account(account_id=account_id, app_id=app_id))
    )
    async with Producer(Kafka(bootstrap_servers=bootstrap_servers), client_id="test") as producer:
        await producer.publish([Outgoing(topics.ACCOUNTS, account_id.encode(), value)], within=30)


async def command(folder: Path, bootstrap_servers: str, *arguments: str) -> tuple[int, Any]:
    """``kaiwa quarantine …``: the exit code, and what it printed."""
    env = {**os.environ, **environment(folder, bootstrap_servers=bootstrap_servers)}
    kaiwa = str(Path(sys.executable).with_name("kaiwa"))
    ended = await asyncio.to_thread(
        subprocess.run,
        [kaiwa, "quarantine", *arguments, "--json"],
        env=env,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, json.loads(ended.stdout) if ended.stdout else ended.stderr.decode()


async def kinds(bootstrap_servers: str, account: str) -> list[str]:
    found = [events.decode(record.value or b"") for record in await written(bootstrap_servers, topics.EVENTS)]
    return [event.kind for event in found if event.account_id == account]


async def held_of(folder: Path, bootstrap_servers: str, account: str) -> list[dict[str, Any]]:
    _, listed = await command(folder, bootstrap_servers, "list")
    return [one for one in listed["records"] if one["account_id"] == account]


async def test_an_account_of_another_app_is_quarantined_and_replayed_once_it_is_not(
    door: Door, bootstrap_servers: str, account: str, tmp_path: Path
) -> None:
    """One tenant's secret cannot vouch for another's account. Broken by not asking the registry."""
    delivery = body(entry(text("m1"), account=account))
    await register(bootstrap_servers, account, "1002")
    async with asyncio.timeout(30):
        while not await held_of(tmp_path, bootstrap_servers, account):
            assert (await door.post(delivery)).status_code == 200
    [one] = await held_of(tmp_path, bootstrap_servers, account)
    assert (one["reason"], one["app_id"]) == ("foreign_account", APP)

    code, outcome = await command(tmp_path, bootstrap_servers, "replay", one["id"])
    assert (code, outcome[0]["kept"]) == (1, "it is foreign_account as before")
    already = len(await kinds(bootstrap_servers, account))
    await register(bootstrap_servers, account, APP)
    code, outcome = await command(tmp_path, bootstrap_servers, "replay", one["id"])
    assert (code, outcome) == (0, [{"id": one["id"], "events": 1, "kept": None}])
    assert len(await kinds(bootstrap_servers, account)) == already + 1
    assert await held_of(tmp_path, bootstrap_servers, account) == []


async def test_what_is_dropped_is_gone(
    door: Door, bootstrap_servers: str, account: str, tmp_path: Path
) -> None:
    sent = b"no JSON of " + account.encode()
    assert (await door.post(sent)).status_code == 200
    _, listed = await command(tmp_path, bootstrap_servers, "list", "--reason", "not_json")
    [one] = [one for one in listed["records"] if one["bytes"] == len(sent)]
    assert listed["counts"]["not_json"] >= 1
    assert await command(tmp_path, bootstrap_servers, "show", one["id"]) == (0, one)
    assert await command(tmp_path, bootstrap_servers, "drop", one["id"]) == (0, [one["id"]])
    code, words = await command(tmp_path, bootstrap_servers, "show", one["id"])
    assert (code, words.count("\n")) == (1, 1)


@pytest.mark.parametrize(("arguments", "code"), [(["drop"], 2), (["replay"], 2), (["show", "NOSUCH"], 1)])
async def test_a_slip_of_the_pen(
    bootstrap_servers: str, tmp_path: Path, arguments: list[str], code: int
) -> None:
    ended, words = await command(tmp_path, bootstrap_servers, *arguments)
    assert (ended, words.count("\n")) == (code, 1)


async def test_without_kafka_the_commands_say_so(tmp_path: Path) -> None:
    code, words = await command(tmp_path, "127.0.0.1:9", "list")
    assert (code, words.splitlines()[-1].startswith("Kafka does not answer")) == (3, True)


async def test_two_apps_of_an_unregistered_account_make_two_events(
    door: Door, bootstrap_servers: str, account: str, tmp_path: Path
) -> None:
    apps = tmp_path / "apps"
    apps.write_text(apps.read_text() + "1002 another\n")
    delivery = body(entry(text("m1"), account=account))
    assert (await door.post(delivery)).status_code == 200
    async with asyncio.timeout(30):
        while (await door.post(delivery, secret=b"another")).status_code != 200:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    records = await written(bootstrap_servers, topics.EVENTS)
    found = [events.decode(record.value or b"") for record in records]
    ids = {event.id: event.app_id for event in found if event.account_id == account}
    assert sorted(ids.values()) == [APP, "1002"]


async def test_the_fuse_puts_off_what_cannot_be_decoded_and_closes_by_itself(
    door: Door, account: str
) -> None:
    """What can be decoded passes all the while, and closes it. Broken by a fuse that never opens or never closes."""
    answers = [
        (await door.post(f"no JSON {number} of {account}".encode())).status_code for number in range(40)
    ]
    assert answers == [200] * 19 + [503] * 21
    assert await door.metric("kaiwa_ingest_fuses_open") == 1
    good = [body(entry(text(f"m{number}"), account=account)) for number in range(41)]
    assert {(await door.post(one)).status_code for one in good} == {200}
    assert await door.metric("kaiwa_ingest_fuses_open") == 0
    assert (await door.post(b"no JSON again")).status_code == 200
    told = door.process.log.read_text()
    assert told.count("cannot be decoded") == told.count("can be decoded again") == 1
