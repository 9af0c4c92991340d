"""Meta's JSON: what is on the wire is ASCII, escaped its way, and means the same."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.meta.wire import dump


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("会話", rb'"\u4f1a\u8a71"'),
        ("😀", rb'"\ud83d\ude00"'),
        ("https://a/b", rb'"https:\/\/a\/b"'),
        ({"a": [1, None, True]}, b'{"a":[1,null,true]}'),
        ('"\\\n', rb'"\"\\\n"'),
    ],
)
def test_table(value: object, wire: bytes) -> None:
    assert dump(value) == wire


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_same_meaning_ascii_lowercase_and_no_bare_slash(value: object) -> None:
    wire = dump(value)
    assert json.loads(wire) == value
    assert wire.isascii()
    assert not re.search(rb"(?<!\\)/", wire)
    escapes = re.findall(rb"(?<!\\)(?:\\\\)*\\u(....)", wire)
    assert all(escape == escape.lower() for escape in escapes)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump(float("nan"))
