import pytest
from aiokafka import ConsumerRecord

from kaiwa.bus.errors import Unpublishable
from kaiwa.bus.records import Outgoing, Record, header, header_text, is_heartbeat, is_tombstone
from kaiwa.contracts.topics import ACCOUNTS, EVENTS, HEARTBEAT_KEY, MAX_RECORD_BYTES


def received(
    key: bytes | None = b"k", value: bytes | None = b"v", headers: tuple[tuple[str, bytes], ...] = ()
) -> Record:
    return ConsumerRecord("t", 0, 0, 0, 0, key, value, None, 0, 0, headers)


@pytest.mark.parametrize("key", [b"", None])
def test_a_record_without_a_key_is_refused(key: bytes) -> None:
    """Breaks if it is let through: on a compacted topic the broker refuses it, and the partition is dead."""
    with pytest.raises(Unpublishable, match=r"instagram\.events\.v1 has no key"):
        Outgoing(EVENTS, key, b"v")


@pytest.mark.parametrize(
    ("topic", "size", "fits"),
    [
        (EVENTS, MAX_RECORD_BYTES - 1024, True),
        (EVENTS, MAX_RECORD_BYTES, False),
        (ACCOUNTS, 1024 * 1024 - 1024, True),
        (ACCOUNTS, 1024 * 1024, False),
        ("another.topic", MAX_RECORD_BYTES - 1024, True),
    ],
)
def test_a_record_larger_than_its_topic_takes_is_refused(topic: str, size: int, *, fits: bool) -> None:
    value = bytes(size)
    if fits:
        assert Outgoing(topic, b"k", value).value == value
    else:
        with pytest.raises(Unpublishable, match="is the most"):
            Outgoing(topic, b"k", value)


def test_headers_count_as_well() -> None:
    with pytest.raises(Unpublishable):
        Outgoing(ACCOUNTS, b"k", None, headers=(("h", bytes(1024 * 1024)),))


def test_a_tombstone_is_null_and_not_empty() -> None:
    assert is_tombstone(received(value=None))
    assert not is_tombstone(received(value=b""))


def test_a_heartbeat_is_known_by_its_key() -> None:
    assert is_heartbeat(received(key=HEARTBEAT_KEY, value=b""))
    assert not is_heartbeat(received(key=None))


def test_headers_are_read_as_bytes_and_text_only_where_it_is_ascii() -> None:
    record = received(headers=(("a", b"1"), ("a", b"2"), ("junk", b"\xff")))
    assert (header(record, "a"), header(record, "junk"), header(record, "none")) == (b"1", b"\xff", None)
    assert (header_text(record, "a"), header_text(record, "junk"), header_text(record, "none")) == (
        "1",
        None,
        None,
    )
