"""How old the oldest of everything is, also while nobody can look."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from kaiwa.compliance.erase import Eraser
from kaiwa.compliance.ledger import Sealer
from kaiwa.runtime.metrics import ages
from kaiwa.runtime.metrics.registry import COMPLIANCE

UNSEALED, UNVERIFIED = "kaiwa_compliance_ledger_unsealed_seconds", "kaiwa_compliance_unverified_age_seconds"


def shown() -> set[float | None]:
    return {COMPLIANCE.get_sample_value(name) for name in (UNSEALED, UNVERIFIED)}


def test_they_grow_while_nobody_can_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken by: gauges that are set at the end of a turn, which KaiwaLedgerUnsealed would never see grow while it fails."""
    now, nothing = 0.0, cast("Any", None)
    monkeypatch.setattr(ages, "_now", lambda: now)
    Sealer(nothing, nothing, [], file=None)
    eraser = Eraser(nothing, nothing, nothing, gathering=timedelta(0), wake=asyncio.Event())
    now = 1030.0
    assert shown() == {1000.0}
    eraser._count({"message": cast("Any", {"cases": 1, "age": 7.0, "unread": 5.0})})
    assert COMPLIANCE.get_sample_value(UNVERIFIED) == 5.0
    now += 130.0
    assert COMPLIANCE.get_sample_value(UNVERIFIED) == 105.0
    eraser._count({"account": cast("Any", {"cases": 1, "age": 7.0, "unread": None})})
    assert COMPLIANCE.get_sample_value(UNVERIFIED) == 0.0
