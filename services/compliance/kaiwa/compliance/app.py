"""Compliance, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from kaiwa.bus.batches import Batches
from kaiwa.bus.producer import Producer
from kaiwa.compliance.core.checkpoints import signing_key
from kaiwa.compliance.erase import Eraser
from kaiwa.compliance.forget import forget
from kaiwa.compliance.handlers import Intake
from kaiwa.compliance.heartbeats import Heartbeats
from kaiwa.compliance.ledger import Sealer
from kaiwa.compliance.pace import Pace
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.compliance.verify import Verifier
from kaiwa.contracts import topics
from kaiwa.runtime.app import Background, Service
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import pool

GROUP = "kaiwa.compliance"


def build() -> Service:
    settings = load(ComplianceSettings)
    own = settings.compliance
    hash_key = read_keys(own.hash_key_file)[0]
    sign_keys = [signing_key(seed) for seed in read_keys(own.signing_key_file)]
    dsn = settings.postgres.dsn.get_secret_value()
    consumers: list[Batches] = []

    @asynccontextmanager
    async def lifespan(background: Background) -> AsyncIterator[None]:
        await require_current(dsn, "compliance")
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(pool(dsn, application="compliance"))
            producer = await stack.enter_async_context(Producer(settings.kafka, client_id=GROUP))
            pace = Pace(settings.kafka, configured=own.bound)
            await pace.read()
            wake = asyncio.Event()
            background.start(pace.follow(), "pace")
            background.start(Heartbeats(database, producer, pace).run(), "heartbeats")
            background.start(Eraser(database, producer, pace, wake=wake).run(), "erase")
            background.start(Verifier(database, producer, settings.kafka, wake=wake).run(), "verify")
            background.start(Sealer(database, producer, sign_keys, file=own.checkpoint_file).run(), "ledger")
            background.start(forget(database, retention=own.retention), "forget")
            intake = Intake(database, key=hash_key, bound=timedelta(seconds=own.bound), wake=wake)
            inputs = (topics.EVENTS, topics.QUARANTINE, topics.RECEIPTS)
            consumers.append(
                await stack.enter_async_context(Batches(settings.kafka, inputs, group=GROUP, handle=intake))
            )
            yield

    return Service(
        name="compliance",
        settings=settings,
        routes={},
        lifespan=lifespan,
        ready=lambda: None,
        alive=lambda: consumers[-1].stuck() if consumers else None,
    )
