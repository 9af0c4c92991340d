"""What Kafka says of itself while it is not well."""

from typing import Any, cast

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from kaiwa.bus.cluster import Cluster
from kaiwa.runtime.errors import DependencyError


class Fenced:
    """Answers, and knows of no broker: each of them is fenced by its controller."""

    async def describe_cluster(self) -> dict[str, Any]:
        return {"brokers": []}


async def test_a_cluster_without_brokers_is_away_and_no_bug() -> None:
    """Broken by: taking the largest of nothing, which ended compliance with code 1 when its Kafka was starved."""
    with pytest.raises(DependencyError, match="no broker"):
        await Cluster(cast("AIOKafkaAdminClient", Fenced())).cleaner_backoff_ms()
