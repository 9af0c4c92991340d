"""Ports of runs side by side."""

import random

import pytest

from kaiwa.devstack import ports


def test_no_seed_chooses_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests are seeded anew each, by their name. Breaks when two runs of one of them choose the same ports."""
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    found = []
    for _ in range(2):
        random.seed(1)
        found.append([ports.free_port() for _ in range(3)])
    assert found[0] != found[1]
