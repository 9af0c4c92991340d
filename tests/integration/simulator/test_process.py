"""The box as a process of its own: `python -m kaiwa.simulator`, its control API and its commands."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from callback import callback
from typer.testing import CliRunner

from kaiwa.meta.signatures import App
from kaiwa.runtime.cli import Failure
from kaiwa.runtime.errors import DependencyError, SettingsError
from kaiwa.simulator.commands import simulator
from kaiwa.simulator.faults import Fault
from kaiwa.simulator.remote import Remote, SimulatorError

SHOP = "17841400000000001"
ALICE = "1111111111111111"

SCENARIO = {
    "delivery": {"first_gap": 0.05},
    "apps": [{"app_id": "1001", "secret": "s"}],
    "accounts": [{"account_id": SHOP, "login": "instagram"}],
    "customers": [{"account_id": SHOP, "customer_id": ALICE}],
}


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(SCENARIO))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kaiwa.simulator",
        "--port",
        "0",
        "--scenario",
        str(file),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    yield json.loads(line)["url"]
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        assert await process.wait() == 0


async def test_remote(url: str) -> None:
    async with callback([App("1001", b"s")]) as hook, Remote(url) as box:
        await box.app("1001", secret="s", callback_url=hook.url, verify_token="open")
        assert await box.handshake()
        shop = await box.account(login="facebook")
        carol = await box.customer(shop.account_id)
        await box.fault(Fault(effect="drop_first"))
        mid = await box.write(carol, "hello #1")
        await box.unsend(mid)
        assert await box.settled()
        assert {message["mid"] for message in hook.messages()} == {mid}
        books = await box.books()
        assert [unsent.texts for unsent in books.unsent()] == [["hello #1"]]
        assert len((await box.books("#1")).events) == 1
        before = (await box.status()).now
        assert (await box.advance(3600)).now >= before + 3600
        await box.fault(Fault(effect="reset"))
        await box.clear_faults()
        assert (await box.status()).faults == []


async def test_bad_commands_say_what_is_wrong(url: str) -> None:
    async with Remote(url) as box:
        with pytest.raises(SimulatorError, match="no such message"):
            await box.unsend("aWdfZAG1nothing")
        with pytest.raises(SimulatorError, match="no such account"):
            await box.customer("42")
        with pytest.raises(SimulatorError, match="unknown field"):
            await box.account(colour="blue")
        with pytest.raises(SimulatorError, match="no such app"):
            await box.handshake("9")


def run(*args: str) -> Any:
    return CliRunner().invoke(simulator, list(args))


async def test_commands(url: str) -> None:
    async def command(*args: str) -> Any:
        return await asyncio.to_thread(run, *args, "--url", url)

    added = await command("add", "customer", json.dumps({"account_id": SHOP}), "--json")
    customer_id = json.loads(added.stdout)["customer_id"]
    mid = (await command("write", SHOP, customer_id, "hello #cli", "--ago", "90000")).stdout.strip()
    acted = await command("act", json.dumps([{"do": "react", "mid": mid}]), "--json")
    assert json.loads(acted.stdout) == [{"id": None, "events": 0}]  # no callback: nobody listens
    assert (await command("unsend", mid)).exit_code == 0
    shown = await command("fault", '[{"effect":"hang","times":3}]')
    assert shown.stdout == "hang/after  times 3\n"
    assert (await command("fault", "--clear", "--json")).stdout == "[]\n"
    assert json.loads((await command("books", "--json")).stdout)["calls"] == []
    assert (await command("settle")).exit_code == 0
    assert isinstance((await command("books", "#nowhere")).exception, Failure)
    assert isinstance((await command("fault", '[{"effect":"typo"}]')).exception, SettingsError)
    assert isinstance((await command("add", "dog")).exception, SettingsError)


def test_nobody_answers() -> None:
    assert isinstance(run("books", "--url", "http://127.0.0.1:1").exception, DependencyError)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no scenario"),
        ('{"accounts":[{"colour":1}]}', "cannot be used"),
        ('{"colors":[]}', "no scenario"),
    ],
)
def test_a_scenario_that_cannot_be_used(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "kaiwa.simulator", "--port", "0", "--scenario", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
