"""The registry of accounts as ingest knows it."""

from typing import Any

import pytest
from aiokafka import ConsumerRecord

from kaiwa.bus.errors import Unavailable
from kaiwa.contracts import accounts, topics
from kaiwa.ingest.accounts import Registry
from kaiwa.runtime.settings import Kafka


def record(account_id: str, value: bytes | None) -> Any:
    key = account_id.encode()
    return ConsumerRecord(topics.ACCOUNTS, 0, 0, 0, 1, key, value, None, len(key), len(value or b""), ())


def entry(account_id: str, app_id: str) -> Any:
    return record(account_id, accounts.encode(accounts.Account(account_id=account_id, app_id=app_id)))


@pytest.fixture
def registry() -> Registry:
    return Registry(Kafka(bootstrap_servers="127.0.0.1:9"))


def test_the_last_word_counts(registry: Registry) -> None:
    for one in (entry("1", "1001"), entry("2", "1001"), entry("1", "1002"), record("2", None)):
        registry.apply(one)
    assert registry.app_of == {"1": "1002"}


@pytest.mark.parametrize("value", [b"{", b"5", b"\xff", b'{"account_id":"1"}', b"[" * 100_000])
def test_what_cannot_be_read_changes_nothing(registry: Registry, value: bytes) -> None:
    registry.apply(entry("1", "1001"))
    registry.apply(record("1", value))
    assert registry.app_of == {"1": "1001"}


async def test_before_it_was_read_nothing_is_published(registry: Registry) -> None:
    """Nobody's account is known to be their own until then. Broken by going on with an empty table."""
    with pytest.raises(Unavailable):
        await registry.read(within=0.01)
