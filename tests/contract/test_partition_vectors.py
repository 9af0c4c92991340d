"""The vectors that we publish for other writers of events."""

from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from published import read

from kaiwa.contracts.partition import of_conversation

VECTORS: list[dict[str, Any]] = read("partition-vectors.json")


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_vectors(vector: dict[str, Any]) -> None:
    """What other writers test themselves against. Breaks when the published file and the code part."""
    found = of_conversation(vector["account_id"], vector["customer_id"], vector["partitions"])
    assert found == vector["partition"]


@pytest.mark.parametrize("vector", VECTORS)
def test_any_client_computes_them(vector: dict[str, Any]) -> None:
    """Promise 2. Breaks when the published file and Kafka's default partitioner, here aiokafka's, part."""
    hashed = murmur2(f"{vector['account_id']}:{vector['customer_id'] or ''}".encode()) % 2**32
    assert hashed == vector["murmur2"]
    assert (hashed & 0x7FFFFFFF) % vector["partitions"] == vector["partition"]
