"""The partition rule against Kafka's own vectors and against an independent murmur2."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafkas
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts.partition import murmur2, of_conversation, of_key


@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_vectors_of_kafkas_own_tests(data: bytes, signed: int) -> None:
    """Promise 2 (``UtilsTest.testMurmur2``). Breaks with any other seed, multiplier, shift or tail."""
    assert murmur2(data) == signed % 2**32


@given(st.binary(max_size=40))
def test_as_aiokafka_computes_it(data: bytes) -> None:
    assert murmur2(data) == aiokafkas(data) % 2**32


@given(st.text(max_size=20), st.none() | st.text(max_size=20), st.integers(1, 1000))
def test_the_rule(account_id: str, customer_id: str | None, partitions: int) -> None:
    """Promise 2. Breaks when the sign bit, the colon or the empty customer is treated otherwise."""
    key = f"{account_id}:{'' if customer_id is None else customer_id}".encode()
    expected = (aiokafkas(key) & 0x7FFFFFFF) % partitions
    assert of_conversation(account_id, customer_id, partitions) == expected == of_key(key, partitions)
