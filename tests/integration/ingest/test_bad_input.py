"""The table of bad input: what each gets as an answer, and that nothing is lost or given away."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from deliveries import body, entry, incoming, text
from doors import APP, PATH, SECRET, TOKEN, Door, environment, written

from kaiwa.bus.records import Record, header_text
from kaiwa.contracts import events, quarantine, topics
from kaiwa.devstack.stack import Stack
from kaiwa.meta.signatures import sign

CANARY = "canary-7f3a"


async def events_of(bootstrap_servers: str, account: str) -> list[events.Event]:
    records = await written(bootstrap_servers, topics.EVENTS)
    found = [events.decode(record.value or b"") for record in records]
    return [event for event in found if event.account_id == account]


async def quarantined(bootstrap_servers: str, needle: bytes) -> list[Record]:
    records = await written(bootstrap_servers, topics.QUARANTINE)
    return [record for record in records if needle in (record.value or b"")]


@pytest.mark.parametrize("kind", ["missing", "malformed", "wrong"])
async def test_a_bad_signature_is_refused_in_silence(
    door: Door, bootstrap_servers: str, account: str, kind: str
) -> None:
    sent = body(entry(text("m1", CANARY), account=account))
    forged = sign(CANARY.encode(), sent)
    headers = {
        "missing": {},
        "malformed": {"x-hub-signature-256": f"sha256={CANARY}"},
        "wrong": {"x-hub-signature-256": forged},
    }[kind]
    answer = await door.http.post(PATH, content=sent, headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert await events_of(bootstrap_servers, account) == []
    assert await quarantined(bootstrap_servers, account.encode()) == []
    told = door.process.log.read_text() + str(answer.headers) + (await door.http.get("/metrics")).text
    for secret in (CANARY, forged.removeprefix("sha256="), account, SECRET.decode()):
        assert secret not in told


async def test_a_body_above_the_cap_is_refused_unread(door: Door) -> None:
    """Only the head is sent: an answer proves that the body was not waited for."""
    address = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    length = 8 * 1024 * 1024 + 1
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: ingest\r\nContent-Length: {length}\r\n\r\n".encode())
    async with asyncio.timeout(30):
        assert (await reader.readline()).split()[1] == b"413"
    writer.close()
    await writer.wait_closed()


async def test_a_body_of_seven_megabytes_is_welcome(door: Door, bootstrap_servers: str, account: str) -> None:
    sent = body(entry(text("m1", "x" * (7 * 1024 * 1024)), text("m2"), account=account))
    assert (await door.post(sent)).status_code == 200
    [one, two] = await events_of(bootstrap_servers, account)
    assert {len(events.data_of(event).text) for event in (one, two)} == {7 * 1024 * 1024, 23}


async def test_signed_bytes_that_are_no_json_are_kept(
    door: Door, bootstrap_servers: str, account: str
) -> None:
    sent = b'{"object":"instagram", oops ' + account.encode()
    assert [(await door.post(sent)).status_code for _ in range(2)] == [200, 200]
    first, second = await quarantined(bootstrap_servers, account.encode())
    assert first.value == sent
    assert first.key == second.key
    assert header_text(first, quarantine.REASON) == quarantine.Cause.NOT_JSON
    assert header_text(first, quarantine.SOURCE) == "webhook"
    assert sent.decode() not in door.process.log.read_text()


async def test_unknown_kinds_are_kept_beside_their_neighbours(
    door: Door, bootstrap_servers: str, account: str
) -> None:
    odd = incoming(account=account, hologram={"mid": "m9", "beams": 3})
    sent = body(entry(text("m1"), odd, text("m2"), account=account))
    assert (await door.post(sent)).status_code == 200
    found = await events_of(bootstrap_servers, account)
    assert sorted(event.kind for event in found) == ["message.received", "message.received", "unknown"]
    [unknown] = [event for event in found if event.kind == "unknown"]
    assert b'"mid":"m9"' in bytes(unknown.raw)


async def test_other_objects_are_counted_and_not_stored(
    door: Door, bootstrap_servers: str, account: str
) -> None:
    sent = body(entry(text("m1"), account=account)).replace(b'"instagram"', b'"page"')
    assert (await door.post(sent)).status_code == 200
    assert await events_of(bootstrap_servers, account) == []
    assert await door.metric("kaiwa_ingest_other_objects_total") == 1


async def test_the_address_may_name_the_app(door: Door, account: str) -> None:
    sent = body(entry(text("m1"), account=account))
    answers = [await door.post(sent, path=f"{PATH}/{app}") for app in (APP, "1002")]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_new_secret_counts_without_a_restart(door: Door, account: str, tmp_path: Path) -> None:
    sent = body(entry(text("m1"), account=account))
    assert (await door.post(sent, secret=b"rotated")).status_code == 401
    apps = tmp_path / "apps"
    apps.write_text(apps.read_text() + f"{APP} rotated\n")
    async with asyncio.timeout(30):
        while (await door.post(sent, secret=b"rotated")).status_code != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
    assert (await door.post(sent)).status_code == 200


async def test_a_new_token_counts_without_a_restart_and_an_old_one_no_more(
    door: Door, tmp_path: Path
) -> None:
    """Broken by tokens that are read once."""
    assert (await door.challenge(token="rotated")).status_code == 403
    (tmp_path / "tokens").write_text("first\nrotated\n")
    async with asyncio.timeout(30):
        while (await door.challenge(token="rotated")).status_code != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
    assert [(await door.challenge(token=token)).status_code for token in ("first", TOKEN)] == [200, 403]


async def test_no_banner_is_shown(door: Door) -> None:
    for answer in (await door.challenge(), await door.http.get("/"), await door.http.put(PATH)):
        assert "server" not in answer.headers


@pytest.fixture
async def lonely(stack: Stack, tmp_path: Path) -> AsyncIterator[Door]:
    """Ingest that was started while nothing answers at Kafka's address."""
    async with Door.opened(stack.keeper, "127.0.0.1:9", tmp_path) as opened:
        yield opened


async def test_without_kafka_at_boot_the_challenge_works_and_deliveries_are_put_off(lonely: Door) -> None:
    assert (await lonely.challenge("abc_DEF-1")).text == "abc_DEF-1"
    async with asyncio.timeout(5):
        answer = await lonely.post(body(entry(text("m1"))))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert await lonely.metric("kaiwa_kafka_connected") == 0


@pytest.mark.parametrize(
    "variable",
    [
        "KAIWA_KAFKA__BOOTSTRAP_SERVERS",
        "KAIWA_META__APPS_FILE",
        "KAIWA_META__VERIFY_TOKEN_FILE",
        "KAIWA_INGEST__ID_KEY_FILE",
    ],
)
def test_a_missing_setting_is_named(tmp_path: Path, variable: str) -> None:
    complete = environment(tmp_path, bootstrap_servers="127.0.0.1:9")
    assert refusal({name: value for name, value in complete.items() if name != variable}) == {variable}


@pytest.mark.parametrize(
    ("variable", "content"),
    [
        ("KAIWA_META__APPS_FILE", "1001\n"),
        ("KAIWA_META__APPS_FILE", "# nobody\n"),
        ("KAIWA_META__VERIFY_TOKEN_FILE", "\n"),
        ("KAIWA_META__VERIFY_TOKEN_FILE", ""),
        ("KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE", "short\n"),
    ],
)
def test_a_file_that_is_no_use_is_named(tmp_path: Path, variable: str, content: str) -> None:
    pseudonyms = tmp_path / "pseudonym.key"
    env = environment(tmp_path, bootstrap_servers="127.0.0.1:9")
    env["KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE"] = str(pseudonyms)
    pseudonyms.write_text("6b" * 32)
    Path(env[variable]).write_text(content)
    assert variable in refusal(env)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAIWA_INGEST__STATUS_URL", "https://privacy.example/"),
        ("KAIWA_INGEST__STATUS_URL", "javascript:/deletions/"),
        ("KAIWA_INGEST__MAX_BODY_BYTES", str(9 * 1024 * 1024)),
        ("KAIWA_INGEST__MAX_BODY_SECONDS", "2"),
        ("KAIWA_INGEST__MAX_REQUESTS_IN_FLIGHT", "0"),
        ("KAIWA_INGEST__MAX_BYTES_IN_FLIGHT", "many"),
        ("KAIWA_INGEST__MAX_CONNECTIONS", "0"),
        ("KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE", "no-such-file"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, variable: str, value: str) -> None:
    env = environment(tmp_path, bootstrap_servers="127.0.0.1:9") | {variable: value}
    assert refusal(env) == {variable}


def refusal(env: dict[str, str]) -> set[str]:
    """The variables named in the one line with which ingest refuses to start."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("KAIWA_")}
    ended = subprocess.run(
        [sys.executable, "-m", "kaiwa.ingest"],
        env=bare | env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    return set(re.findall(r"KAIWA_[A-Z_]+", ended.stderr))
