"""A room's SQL is read once, however many of its modules ask."""

import pytest

from kaiwa.store.queries import load


@pytest.mark.parametrize("room", ["kaiwa.dispatcher", "kaiwa.compliance"])
def test_a_room_is_read_once(room: str) -> None:
    """Breaks when each module parses all of it again: 35 of the dispatcher's, 0.1 s each, at every start and command."""
    assert load(room) is load(room)
