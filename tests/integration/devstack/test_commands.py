"""`kaiwa stack`: up until down, true about itself also after a crash."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from leftovers import processes_naming, wait_until

from kaiwa.devstack.ports import free_port

KAIWA = Path(sys.executable).with_name("kaiwa")


def kaiwa(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KAIWA, "stack", *words],
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "TMPDIR": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def place(folder: Path) -> Iterator[Path]:
    yield folder
    kaiwa(folder, "down")


def working_directories(folder: Path) -> list[Path]:
    return list(folder.glob("kaiwa-*"))


def test_up_stays_until_down_and_says_how_to_reach_it(place: Path) -> None:
    up = kaiwa(place, "up")
    assert up.returncode == 0, up.stderr
    exported = dict(line.removeprefix("export ").split("=", 1) for line in up.stdout.splitlines())
    assert set(exported) == {"KAIWA_KAFKA__BOOTSTRAP_SERVERS", "KAIWA_POSTGRES__DSN"}

    again = kaiwa(place, "up", "--json")
    assert json.loads(again.stdout)["already"] is True
    assert "up already" in again.stderr

    status = kaiwa(place, "status", "--json")
    said = json.loads(status.stdout)
    assert status.returncode == 0
    assert (said["up"], said["kafka"], said["postgres"]) == (True, True, True)
    with psycopg.connect(said["environment"]["KAIWA_POSTGRES__DSN"]) as connection:
        assert connection.execute("select 1").fetchone() == (1,)

    down = kaiwa(place, "down", "--json")
    assert json.loads(down.stdout) == {"up": False, "was_up": True}
    assert not working_directories(place)
    assert not processes_naming(place)
    assert kaiwa(place, "status").returncode == 1
    assert kaiwa(place, "down").stdout == "The stack was not up.\n"


def test_a_server_that_died_is_named_and_a_killed_stack_is_down(place: Path) -> None:
    assert kaiwa(place, "up").returncode == 0
    broker = next(line for line in processes_naming(place) if "kafka.Kafka" in line)
    os.kill(int(broker.split()[0]), signal.SIGKILL)
    status = kaiwa(place, "status", "--json")
    assert status.returncode == 1
    assert json.loads(status.stdout)["kafka"] is False
    assert status.stderr == "no answer from kafka: run `kaiwa stack down`, then `kaiwa stack up`\n"

    state = place / "state" / "kaiwa" / "stack" / "state.json"
    os.kill(json.loads(state.read_bytes())["pid"], signal.SIGKILL)
    wait_until(lambda: kaiwa(place, "status", "--json").stdout == '{"up": false}\n', "status says down")
    assert not state.exists()
    wait_until(lambda: not processes_naming(place), "the servers have ended")
    wait_until(lambda: not working_directories(place), "their data is removed")


def test_without_a_network_up_fails_with_code_3(place: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    up = kaiwa(place, "up", XDG_CACHE_HOME=str(place / "cache"), HTTPS_PROXY=nowhere, https_proxy=nowhere)
    assert up.returncode == 3
    assert "check the network" in up.stderr.splitlines()[-1]
    assert "Traceback" not in up.stderr
    assert not working_directories(place)
