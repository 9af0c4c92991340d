"""Deletion, put together: what comes in, and every loop that works on it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.compliance.core.erasure import GATHERINGS
from kaiwa.compliance.erase import Eraser
from kaiwa.compliance.escalate import escalate
from kaiwa.compliance.forget import Forgetting, open_days
from kaiwa.compliance.handlers import Intake
from kaiwa.compliance.heartbeats import Heartbeats
from kaiwa.compliance.locate import Locator
from kaiwa.compliance.pace import Pace
from kaiwa.compliance.requests import Requests
from kaiwa.compliance.rewrite import Rewriting
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.compliance.sweep import Sweeper
from kaiwa.compliance.verify import Verifier
from kaiwa.contracts import topics
from kaiwa.runtime.app import Background

INPUTS: Final = (topics.EVENTS, topics.QUARANTINE, topics.RECEIPTS, topics.PRIVACY)
"""What intake reads."""


@dataclass
class Deletion:
    """``key`` hashes ids; ``group`` is the one in which intake reads."""

    settings: ComplianceSettings
    pool: asyncpg.Pool
    producer: Producer
    key: bytes
    group: str

    async def start(self, background: Background) -> Intake:
        """Start every loop; the intake is for the caller to feed."""
        pool, producer, kafka, own = self.pool, self.producer, self.settings.kafka, self.settings.compliance
        bound, wake = timedelta(seconds=own.bound), asyncio.Event()
        pace = Pace(kafka, configured=own.bound)
        await pace.read()
        async with pool.acquire() as connection:
            await open_days(connection, retention=own.retention)
        requests = Requests(pool, kafka, key=self.key, bound=bound, wake=wake)
        sweeper = Sweeper(pool, producer, kafka, pace, group=self.group, retention=own.retention)
        loops = {
            "pace": pace.follow(),
            "heartbeats": Heartbeats(pool, producer, pace).run(),
            "erase": Eraser(pool, producer, pace, gathering=bound / GATHERINGS, wake=wake).run(),
            "locate": Locator(pool, producer, kafka, group=self.group, wake=wake).run(),
            "verify": Verifier(pool, producer, kafka, pace, wake=wake).run(),
            "escalate": escalate(pool),
            "sweep": sweeper.run(),
            "forget": Forgetting(pool, producer, retention=own.retention).run(),
            "rewrite": Rewriting(pool, bound=own.bound).run(),
            "accounts": requests.follow(),
            "requests": requests.run(),
        }
        for name, loop in loops.items():
            background.start(loop, name)
        return Intake(pool, key=self.key, bound=bound, wake=wake)
