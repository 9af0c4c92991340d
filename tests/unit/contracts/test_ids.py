"""Identifiers: the same for the same parts, another for any others."""

import base64
import hashlib
import hmac
import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kaiwa.contracts import ids

KEY = b"k" * 32
parts = st.lists(st.text(st.sampled_from("ab:\x00é\ud800"), max_size=4), max_size=4).map(tuple)


@given(parts, parts)
def test_other_parts_make_another_id(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Promise 2: readers dedupe by id. Breaks when the parts are joined without their lengths."""
    assume(one != other)
    assert ids.opaque(KEY, *one) != ids.opaque(KEY, *other)
    assert ids.derived(*one) != ids.derived(*other)


@pytest.mark.parametrize(
    ("one", "other"), [(("a", "bc"), ("ab", "c")), (("a", ""), ("a",)), (("", "a"), ("a", "")), ((), ("",))]
)
def test_no_collision_by_concatenation(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    for make in (lambda *p: ids.opaque(KEY, *p), ids.derived, ids.commitment):
        assert make(*one) != make(*other)


@given(parts)
def test_the_same_parts_make_the_same_id(some: tuple[str, ...]) -> None:
    made = ids.opaque(KEY, *some)
    assert made == ids.opaque(KEY, *some) != ids.opaque(b"other" * 8, *some)
    assert re.fullmatch("[A-Z2-7]{26}", made)


def test_by_hand() -> None:
    """Breaks when hash, prefix or alphabet changes: every record's id would, too, and no redelivery meet itself."""
    prefixed = b"\x00\x00\x00\x01a\x00\x00\x00\x02\xc3\xa9"
    assert ids.commitment("a", "é") == hashlib.sha256(prefixed).hexdigest()
    assert ids.opaque(KEY, "a", "é") == "Q4JZBILDA3P6WZ2V5M7J7YDQ4A"


@given(st.binary(min_size=1, max_size=100), parts)
def test_it_is_hmac_in_base32(key: bytes, some: tuple[str, ...]) -> None:
    """Breaks when the hash kept for the first parts, or the faster base32, strays from what the libraries say."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in some]
    message = b"".join(len(raw).to_bytes(4) + raw for raw in encoded)
    mac = hmac.digest(key, message, "sha256")
    assert ids.opaque(key, *some) == base64.b32encode(mac[:16]).decode().rstrip("=")


@given(st.lists(st.tuples(parts, parts), max_size=20))
def test_of_each_it_is_the_same(each: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    assert ids.opaque_each(KEY, each) == [ids.opaque(KEY, *shared, *own) for shared, own in each]
    assert ids.derived_each(own for _, own in each) == [ids.derived(*own) for _, own in each]


def test_random_ids_sort_by_their_time() -> None:
    made = [ids.random() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(re.fullmatch("[0-9A-V]{26}", one) for one in made)
    assert all(a[:9] <= b[:9] for a, b in pairwise(made))  # 45 of the 48 bits of time
