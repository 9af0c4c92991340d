"""128 bits as 26 characters, one at a time and many side by side: what the standard library says, only faster."""

import base64
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts import base32

digests = st.binary(min_size=16, max_size=32)


def by_the_library(digest: bytes) -> str:
    return base64.b32encode(digest[:16]).decode().rstrip("=")


@given(digests)
def test_one(digest: bytes) -> None:
    assert base32.encode(digest) == by_the_library(digest)


@given(st.lists(digests, max_size=40))
def test_many(each: Sequence[bytes]) -> None:
    """Breaks when a character takes its five bits from the wrong byte, or an id from its neighbour."""
    assert base32.encode_each(each) == [by_the_library(digest) for digest in each]


def test_every_value_in_every_place() -> None:
    """Each byte of the 16 goes through all of its values, in one batch: no bit is lost or moved."""
    each = [bytes(place) + bytes([byte]) + bytes(15 - place) for place in range(16) for byte in range(256)]
    assert base32.encode_each(each) == [by_the_library(digest) for digest in each]
