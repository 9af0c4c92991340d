"""Lists of people as they come: what is read, and what is refused with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.compliance.core.lists import Row, parse

READ = {
    "meta's, with a header": (b"user_id,app_id\n1,2\n3,4\n", [Row(2, "1", "2"), Row(3, "3", "4")]),
    "a bare column": (b"1\n3\n", [Row(1, "1", "9"), Row(2, "3", "9")]),
    "with a mark, CRLF, blanks, another name": (b"\xef\xbb\xbfID\r\n\r\n 1 \r\n", [Row(3, "1", "9")]),
    "quoted": (b'"user_id"\n"1"\n', [Row(2, "1", "9")]),
    "customers": (
        b"account_id,customer_id\n5,6\n5,\n",
        [Row(2, None, None, "5", "6"), Row(3, None, None, "5")],
    ),
    "twice the same": (b"user_id\n1\n1\n", [Row(2, "1", "9")]),
    "json": (b'["1", 3]', [Row(1, "1", "9"), Row(2, "3", "9")]),
    "json objects": (b'{"data": [{"id": "1", "app_id": "2", "other": []}]}', [Row(1, "1", "2")]),
    "nobody": (b"", []),
}
BROKEN = {
    "too few fields": (b"user_id,app_id\n1,2\n3\n", 3),
    "no id": (b"user_id\n1\nx y\n", 3),
    "an empty row's id": (b"user_id,app_id\n,2\n", 2),
    "a quote that never ends": (b'user_id\n"1\n2\n', 3),
    "not utf-8": (b"user_id\n1\n\xff\n", 3),
    "an unknown column": (b"user_id,name\n1,Kim\n", 1),
    "a customer of no account": (b"customer_id\n1\n", 2),
    "a user and an account": (b"user_id,account_id\n1,2\n", 2),
    "json that breaks off": (b'["1",\n"2"', 2),
    "json of something else": (b'{"data": 7}', 1),
    "json of nobody": (b'["1", null]', 2),
    "json of lists": (b'[{"user_id": ["1"]}]', 1),
    "json without end": (b"[" * 100_000, 1),
}


@pytest.mark.parametrize("name", READ)
def test_a_list_is_read(name: str) -> None:
    content, rows = READ[name]
    assert parse(content, app_id="9") == (rows, [])


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_told_by_its_line(name: str) -> None:
    content, line = BROKEN[name]
    _, broken = parse(content, app_id="9")
    assert [each.line for each in broken] == [line]


def test_a_user_needs_an_app() -> None:
    """Broken by: taking app-scoped ids for ids of anything."""
    _, (broken,) = parse(b"user_id\n1\n", app_id=None)
    assert broken.why == "names no app: add a column app_id, or give --app"


def test_the_same_row_of_the_same_file_is_one_request() -> None:
    key = b"k" * 32
    row, again, other = Row(1, "1", "2"), Row(9, "1", "2"), Row(1, "2", "1")
    assert row.code(key, "file") == again.code(key, "file")
    assert len({row.code(key, "file"), row.code(key, "another"), other.code(key, "file")}) == 3


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_makes_it_raise(content: bytes) -> None:
    parse(content, app_id=None)
