import pytest
from pydantic import SecretStr

from kaiwa.bus.clients import connecting, consuming, producing, reading
from kaiwa.contracts.topics import MAX_RECORD_BYTES
from kaiwa.runtime.settings import Kafka

PLAIN = Kafka(bootstrap_servers="kafka:9092")


def test_a_producer_waits_for_all_replicas_and_repeats_nothing() -> None:
    options = producing(PLAIN, client_id="c")
    assert (options["acks"], options["enable_idempotence"]) == ("all", True)
    assert options["max_request_size"] == MAX_RECORD_BYTES


def test_a_reader_skips_nothing() -> None:
    options = reading(PLAIN, client_id="c")
    assert (options["auto_offset_reset"], options["enable_auto_commit"]) == ("earliest", False)
    assert options["max_partition_fetch_bytes"] >= MAX_RECORD_BYTES


@pytest.mark.parametrize(("seconds", "heartbeat_ms"), [(45, 3000), (6, 2000)])
def test_a_member_beats_at_least_thrice_a_session(seconds: float, heartbeat_ms: int) -> None:
    kafka = Kafka(bootstrap_servers="kafka:9092", session_timeout=seconds, group_instance_id="pod-0")
    options = consuming(kafka, client_id="c", group="g")
    assert (options["session_timeout_ms"], options["heartbeat_interval_ms"]) == (seconds * 1000, heartbeat_ms)
    assert (options["group_id"], options["group_instance_id"]) == ("g", "pod-0")
    assert options["request_timeout_ms"] > options["rebalance_timeout_ms"]


@pytest.mark.parametrize(
    ("protocol", "sasl", "ssl"),
    [
        ("PLAINTEXT", False, False),
        ("SSL", False, True),
        ("SASL_PLAINTEXT", True, False),
        ("SASL_SSL", True, True),
    ],
)
def test_what_a_protocol_needs_is_given(protocol: str, *, sasl: bool, ssl: bool) -> None:
    kafka = Kafka.model_validate(
        {
            "bootstrap_servers": "kafka:9092",
            "security_protocol": protocol,
            "sasl_username": "user",
            "sasl_password": SecretStr("secret"),
        }
    )
    options = connecting(kafka, client_id="c")
    assert ("ssl_context" in options) is ssl
    assert options.get("sasl_plain_password") == ("secret" if sasl else None)
