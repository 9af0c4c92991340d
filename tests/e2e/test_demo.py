"""`kaiwa demo`, the first command of the README, and `kaiwa up`: they do what they say and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from leftovers import processes_naming, wait_until

pytestmark = pytest.mark.timeout(300)

KAIWA = Path(sys.executable).with_name("kaiwa")
BEGUN = b"Customers write"
"""What the demo says once everything runs."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """For all temporary files of a command; open to PostgreSQL's user, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="kaiwa-test-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "XDG_STATE_HOME": str(folder / "state")}


def kaiwa(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KAIWA, *words],
        env=environment(folder) | more,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def family(folder: Path) -> set[int]:
    """The keepers at work in this folder, and all that they started."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    keepers = {pid for pid, _, command in rows if "keeper.py" in command and str(folder) in command}
    return {int(pid) for pid, parent, _ in rows if pid in keepers or parent in keepers}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nothing_runs_after_a_demo_that_keeps_every_promise(folder: Path) -> None:
    """Broken by: any promise of the design (each check has its own test), a service that is not stopped."""
    done = kaiwa(folder, "demo", "--json")
    said = json.loads(done.stdout)
    assert [check for check in said["checks"] if not check["ok"]] == []
    assert (done.returncode, said["ok"], len(said["checks"])) == (0, True, 11)
    assert not processes_naming(folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_demo_that_is_cut_off_leaves_nothing(folder: Path, ending: signal.Signals) -> None:
    """Broken by: a service that is started by the demo itself and not by its keeper."""
    log = folder / "log"
    with (
        log.open("wb") as said,
        subprocess.Popen([KAIWA, "demo"], env=environment(folder), stdout=said, stderr=said) as demo,
    ):
        wait_until(lambda: BEGUN in log.read_bytes(), "the story begins", timeout=60)
        begun = family(folder)
        names = ("keeper", "kafka", "postgres", "simulator", "ingest", "dispatcher", "compliance")
        assert len(begun) >= len(names)
        demo.send_signal(ending)
    wait_until(lambda: not any(map(alive, begun)), "every process has ended", timeout=30)
    wait_until(lambda: list(folder.iterdir()) == [log], "the working directory is removed")


def test_up_stays_until_down_and_can_be_tried(folder: Path) -> None:
    """Broken by: a platform that ends with the command that started it, or one without a bot."""
    try:
        up = kaiwa(folder, "up", "--json")
        assert up.returncode == 0, up.stderr
        said = json.loads(up.stdout)
        assert json.loads(kaiwa(folder, "up", "--json").stdout)["already"] is True
        account, customer, variables = said["account_id"], said["customer_id"], said["environment"]
        written = kaiwa(folder, "simulator", "write", account, customer, "#0042 In blue?", **variables)
        assert written.returncode == 0, written.stderr
        wait_until(lambda: _answered(folder, variables), "the bot answers", timeout=30)
        assert kaiwa(folder, "profile", "link", account, **variables).stdout == "https://ig.me/m/blue.moon\n"
        for login in ("facebook", "instagram"):
            assert "<h1>Connected</h1>" in _logged_in(folder, login, variables)
    finally:
        begun = family(folder)
        down = kaiwa(folder, "down", "--json")
    assert json.loads(down.stdout)["was_up"] is True
    assert begun
    wait_until(lambda: not any(map(alive, begun)), "every process has ended")
    assert not list(folder.glob("kaiwa-*"))
    assert kaiwa(folder, "down").stdout == "Kaiwa was not up.\n"


def _logged_in(folder: Path, login: str, variables: dict[str, str]) -> str:
    """The page that an account's owner ends at, who had a link from us."""

    def said(*words: str) -> Any:
        return json.loads(kaiwa(folder, *words, "--json", **variables).stdout)

    shop = said("simulator", "add", "account", json.dumps({"login": login, "tokens": {}}))
    owner = {"login": login, "account_ids": [shop["account_id"]]}
    person = said("simulator", "add", "person", json.dumps(owner))["person_id"]
    link = said("accounts", "link", "--login", login)["link"]
    with httpx.Client(timeout=30) as browser:
        dialog = browser.post(link, data={"link": link.partition("link=")[2]}).headers["location"]
        return browser.get(f"{dialog}&as={person}", follow_redirects=True).text


def _answered(folder: Path, variables: dict[str, str]) -> bool:
    books = kaiwa(folder, "simulator", "books", "#0042", "--json", **variables)
    return any(call["outcome"] == "accepted" for call in json.loads(books.stdout)["calls"])
