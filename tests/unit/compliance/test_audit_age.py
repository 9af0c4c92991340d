"""How old what the audit knows is, also while it learns nothing."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from kaiwa.compliance.audit.freshness import Freshness
from kaiwa.compliance.audit.loop import audit_loop
from kaiwa.compliance.core.audit.judge import Horizon
from kaiwa.contracts.times import to_ms
from kaiwa.runtime.clock import utc_now
from kaiwa.runtime.metrics.registry import COMPLIANCE


async def test_it_grows_while_every_turn_fails() -> None:
    """Broken by: a gauge that is set at the end of a turn, which KaiwaAuditBehind would never see grow."""
    tried = asyncio.Event()

    async def away(*_: object, **__: object) -> int:
        tried.set()
        raise OSError

    freshness = Freshness(patience=1)
    freshness.horizon = Horizon(known=to_ms(utc_now() - timedelta(hours=1)), began=0, patience=0)
    nothing = cast("Any", None)
    producer = cast("Any", SimpleNamespace(partitions=away))
    loop = asyncio.create_task(audit_loop(nothing, producer, nothing, freshness, nothing))
    await tried.wait()
    age = COMPLIANCE.get_sample_value("kaiwa_compliance_audit_known_age_seconds")
    loop.cancel()
    await asyncio.wait([loop])
    assert age is not None
    assert 3600 <= age < 3700
