"""Facts reach their topic beside the events, and nothing in them leads back to a person."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from deliveries import body, entry, outgoing, text
from doors import Door, written
from published import CONTRACTS
from warehouse import broken_rules, count, filled

from kaiwa.bus.records import Record, header_text
from kaiwa.contracts import topics
from kaiwa.contracts.analytics import Inbound, decode_inbound
from kaiwa.contracts.ids import opaque
from kaiwa.contracts.schema.datasets.inbound import INBOUND
from kaiwa.devstack.stack import Stack

KEY = b"p" * 32
CANARY = "canary-7f3a"


@pytest.fixture
async def counting(stack: Stack, bootstrap_servers: str, tmp_path: Path) -> AsyncIterator[Door]:
    """Ingest with a key for pseudonyms."""
    key = tmp_path / "pseudonym.key"
    key.write_text(KEY.hex())
    env = {"KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE": str(key)}
    async with Door.opened(stack.keeper, bootstrap_servers, tmp_path, **env) as opened:
        await opened.until_connected()
        yield opened


async def facts(bootstrap_servers: str, account: str) -> list[tuple[Record, Inbound]]:
    pseudonym = opaque(KEY, "account", account)
    found = [
        (record, decode_inbound(record.value or b""))
        for record in await written(bootstrap_servers, topics.ANALYTICS_INBOUND)
    ]
    return [(record, fact) for record, fact in found if fact.account == pseudonym]


async def test_facts_without_personal_data(counting: Door, bootstrap_servers: str, account: str) -> None:
    """Operations 3. Broken by a fact that holds an id, a word or a name; by an id that a redelivery has not."""
    delivery = body(
        entry(
            text(f"{CANARY}1", f"{CANARY} hello", account=account),
            outgoing(account=account, message={"mid": f"{CANARY}2", "text": CANARY, "is_echo": True}),
            account=account,
        )
    )
    for _ in range(2):
        assert (await counting.post(delivery)).status_code == 200
    async with asyncio.timeout(30):
        while len(found := await facts(bootstrap_servers, account)) < 4:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
    assert sorted(fact.kind for _, fact in found) == ["message.echoed"] * 2 + ["message.received"] * 2
    assert len({fact.conversation for _, fact in found}) == 1
    assert len({header_text(record, "ce_id") for record, _ in found}) == 2
    for record, _ in found:
        everything = b"".join(
            [record.key or b"", record.value or b"", *(value for _, value in record.headers)]
        )
        for secret in (CANARY, account, "1111000000000001"):
            assert secret.encode() not in everything


async def test_a_sink_of_the_published_files(
    counting: Door, bootstrap_servers: str, account: str, tmp_path: Path
) -> None:
    """The exporter and the SQL that are published, over what ingest wrote: one row an event, no rule broken."""
    delivery = body(entry(*(text(f"{CANARY}{n}", account=account) for n in range(3)), account=account))
    for _ in range(2):
        assert (await counting.post(delivery)).status_code == 200
    async with asyncio.timeout(30):
        while len(await facts(bootstrap_servers, account)) < 6:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
    exported = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(CONTRACTS / "export.py"), topics.ANALYTICS_INBOUND],
        env={**os.environ, "KAIWA_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers},
        check=True,
        capture_output=True,
        text=True,
    )
    sink = filled(INBOUND, exported.stdout.splitlines(), tmp_path)
    assert broken_rules(INBOUND, sink) == set()
    assert (
        count(sink, f"SELECT count(*) FROM inbound WHERE account = '{opaque(KEY, 'account', account)}'") == 3
    )


async def test_without_a_key_there_are_none(door: Door, bootstrap_servers: str, account: str) -> None:
    assert (await door.post(body(entry(text("m1"), account=account)))).status_code == 200
    assert await facts(bootstrap_servers, account) == []
