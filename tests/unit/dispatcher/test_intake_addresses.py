"""Whom a request names, and when it is due."""

from typing import Any

import pytest
from moments import HOUR, NOON

from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.core.intake import addressable, due_at


def request(**fields: Any) -> SendRequest:
    usual: dict[str, Any] = {"request_id": "r1", "account_id": "1784", "recipient": Recipient("1111")}
    return SendRequest(**(usual | fields), author=Author("automation"), message=Message(text="hello"))


@pytest.mark.parametrize(
    ("name", "sane"),
    [
        ("r1", True),
        ("x" * 200, True),
        ("", False),
        ("x" * 201, False),
        ("a b", False),
        ("a\n", False),
        ("é", False),
    ],
)
@pytest.mark.parametrize("field", ["request_id", "account_id", "recipient"])
def test_addressable(field: str, name: str, sane: bool) -> None:
    """Ids go into keys, headers and rows. Breaks when one of the three is not looked at, or ``match`` replaces
    ``fullmatch``. An empty recipient is a fault with a reason, not poison.
    """
    value: Any = Recipient(name) if field == "recipient" else name
    assert addressable(request(**{field: value})) is (sane or (field == "recipient" and not name))


@pytest.mark.parametrize(
    ("comment_id", "sane"), [("c", True), ("", True), ("c d", False), ("c" * 201, False)]
)
def test_a_comment_is_an_address_too(comment_id: str, sane: bool) -> None:
    assert addressable(request(recipient=Recipient(comment_id=comment_id))) is sane


@pytest.mark.parametrize(
    ("not_before", "due"),
    [(None, NOON), (rfc3339(NOON - HOUR), NOON), (rfc3339(NOON + HOUR), NOON + HOUR)],
)
def test_due_at(not_before: str | None, due: Any) -> None:
    assert due_at(request(not_before=not_before), NOON) == due
