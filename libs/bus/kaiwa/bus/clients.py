"""Settings of every Kafka client, in one place: nothing acknowledged is lost, nothing read is skipped."""

from collections.abc import Mapping
from typing import Any

from aiokafka.helpers import create_ssl_context

from kaiwa.contracts.topics import MAX_RECORD_BYTES
from kaiwa.runtime.settings import Kafka

_REQUEST_TIMEOUT_MS = 10_000  # a frozen broker is given up for a live one after this long
_REBALANCE_MS = 15_000  # others wait so long for a member that drains; ours drain within 5 s
_JOIN_TIMEOUT_MS = (
    _REBALANCE_MS + 5_000
)  # aiokafka sends JoinGroup, which may wait that long, like any request
_METADATA_AGE_MS = 30_000
_BATCH_BYTES = 256 * 1024  # below the 1 MiB that topics without content accept as one batch
_FETCH_BYTES = 4 * MAX_RECORD_BYTES

Options = Mapping[str, Any]


def connecting(kafka: Kafka, *, client_id: str) -> Options:
    """Where Kafka is and how to prove who we are: for any client."""
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "client_id": client_id,
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": _REQUEST_TIMEOUT_MS,
        "metadata_max_age_ms": _METADATA_AGE_MS,
    }
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = create_ssl_context(
            cafile=kafka.ssl_cafile, certfile=kafka.ssl_certfile, keyfile=kafka.ssl_keyfile
        )
    if kafka.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password and kafka.sasl_password.get_secret_value(),
        }
    return options


def producing(kafka: Kafka, *, client_id: str) -> Options:
    return {
        **connecting(kafka, client_id=client_id),
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": 0,  # records are sent together and awaited together: waiting for more only costs time
        "compression_type": "snappy",  # the cheapest for us; aiokafka fixes lz4 at its slowest level (0010)
        "max_batch_size": _BATCH_BYTES,
        "max_request_size": MAX_RECORD_BYTES,
    }


def reading(kafka: Kafka, *, client_id: str) -> Options:
    """For a reader without a group."""
    return {
        **connecting(kafka, client_id=client_id),
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "max_partition_fetch_bytes": MAX_RECORD_BYTES,
        "fetch_max_bytes": _FETCH_BYTES,
    }


def consuming(kafka: Kafka, *, client_id: str, group: str) -> Options:
    """For a member of a group, static where the settings name the instance."""
    session_ms = round(kafka.session_timeout * 1000)
    return {
        **reading(kafka, client_id=client_id),
        "group_id": group,
        "group_instance_id": kafka.group_instance_id,
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": min(3_000, session_ms // 3),
        "rebalance_timeout_ms": _REBALANCE_MS,
        "request_timeout_ms": _JOIN_TIMEOUT_MS,
    }
