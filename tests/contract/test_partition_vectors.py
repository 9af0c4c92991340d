"""The vectors that we publish for other writers of events."""

import json
from pathlib import Path

import pytest

from kaiwa.contracts.partition import of_conversation

VECTORS = json.loads((Path(__file__).parents[2] / "docs/contracts/partition-vectors.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS)
def test_the_published_vectors(vector: dict[str, object]) -> None:
    """What other writers test themselves against. Breaks when the published file and the code part."""
    account_id, customer_id, partitions = vector["account_id"], vector["customer_id"], vector["partitions"]
    assert isinstance(account_id, str)
    assert customer_id is None or isinstance(customer_id, str)
    assert isinstance(partitions, int)
    assert of_conversation(account_id, customer_id, partitions) == vector["partition"]
