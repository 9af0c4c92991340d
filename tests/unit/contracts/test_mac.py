"""Keyed hashes: what the library says, at half its price."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts.mac import Mac

KEYS = st.one_of(st.binary(max_size=100), st.sampled_from([b"k" * 63, b"k" * 64, b"k" * 65]))


@given(KEYS, st.binary(max_size=200), st.lists(st.binary(max_size=100), max_size=3))
def test_it_is_hmac(key: bytes, beginning: bytes, rest: list[bytes]) -> None:
    """Breaks when a key longer than a block is not hashed, or a use of it changes the next."""
    mac = Mac(key, beginning)
    for parts in (rest, [*rest, b"more"], rest):
        assert mac.digest(*parts) == hmac.digest(key, b"".join([beginning, *parts]), "sha256")
