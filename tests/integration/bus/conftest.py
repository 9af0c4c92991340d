"""What the tests of the bus share: settings that lead to the session's Kafka."""

import pytest

from kaiwa.devstack.servers import Broker
from kaiwa.devstack.stack import Stack
from kaiwa.runtime.settings import Kafka


@pytest.fixture
def kafka(stack: Stack) -> Kafka:
    return Kafka(bootstrap_servers=stack.bootstrap_servers, session_timeout=6)


@pytest.fixture
def broker(stack: Stack) -> Broker:
    """The broker itself, to stop and start."""
    if stack.kafka is None:
        pytest.skip("KAIWA_KAFKA__BOOTSTRAP_SERVERS names a Kafka that is not ours to stop")
    return stack.kafka
