"""The Graph API's `fields` parameter."""

import pytest

from kaiwa.simulator.errors import Refusal
from kaiwa.simulator.fields import Selected, parse_fields


def test_nested_with_limit() -> None:
    asked = parse_fields("id, messages.limit(20){id,from},updated_time")
    assert asked == {
        "id": Selected(),
        "messages": Selected(20, {"id": Selected(), "from": Selected()}),
        "updated_time": Selected(),
    }


@pytest.mark.parametrize(
    "text", ["", ",", "id,", "messages{", "messages{id", "id}", "a b", "m.limit(x)", "id{}"]
)
def test_syntax_errors(text: str) -> None:
    with pytest.raises(Refusal):
        parse_fields(text)
