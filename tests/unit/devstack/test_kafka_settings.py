from pathlib import Path

from kaiwa.devstack.kafka import settings
from kaiwa.devstack.ports import FIRST, LAST

SETTINGS = settings(port=1, controller_ports=[2], log_dir=Path("/data"))


def test_it_listens_on_loopback_only() -> None:
    for name in ("listeners", "advertised.listeners"):
        for listener in SETTINGS[name].split(","):
            assert listener.partition("://")[2].startswith("127.0.0.1:")


def test_it_takes_the_largest_record_of_the_contracts() -> None:
    largest = 8 * 1024 * 1024 + 64 * 1024
    assert int(SETTINGS["message.max.bytes"]) > largest
    assert int(SETTINGS["replica.fetch.max.bytes"]) > largest


def test_what_a_records_safety_depends_on_is_left_alone() -> None:
    assert not [name for name in SETTINGS if "flush" in name or "unclean" in name]
    assert SETTINGS["auto.create.topics.enable"] == "false"


def test_ports_are_outside_the_ephemeral_ranges() -> None:
    """A client that retries a dead broker on an ephemeral port ends up connected to itself."""
    assert 1024 <= FIRST < LAST < 32_768
