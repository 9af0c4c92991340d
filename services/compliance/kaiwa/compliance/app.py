"""Compliance, put together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from kaiwa.bus.batches import Batches
from kaiwa.bus.producer import Producer
from kaiwa.compliance.audit.freshness import AUDITED, Freshness
from kaiwa.compliance.audit.handler import Audit
from kaiwa.compliance.audit.loop import audit_loop
from kaiwa.compliance.core.checkpoints import signing_key
from kaiwa.compliance.deletion import INPUTS, Deletion
from kaiwa.compliance.ledger import Sealer
from kaiwa.compliance.proof.watch import Watch
from kaiwa.compliance.settings import ComplianceSettings
from kaiwa.compliance.status.door import StatusPage
from kaiwa.compliance.telling import tell
from kaiwa.runtime.app import Background, Service
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import pool

GROUP = "kaiwa.compliance"
AUDIT_GROUP = "kaiwa.compliance.audit"

_CONNECTIONS = 16  # six loops that are elected keep one each


def build() -> Service:
    settings = load(ComplianceSettings)
    own = settings.compliance
    hash_key = read_keys(own.hash_key_file)[0]
    sign_keys = [signing_key(seed) for seed in read_keys(own.signing_key_file)]
    pseudonyms = _pseudonym_key(settings)
    dsn = settings.postgres.dsn.get_secret_value()
    consumers: list[Batches] = []
    pools: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def lifespan(background: Background) -> AsyncIterator[None]:
        await require_current(dsn, "compliance")
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(
                pool(dsn, application="compliance", max_size=_CONNECTIONS)
            )
            pools.append(database)
            producer = await stack.enter_async_context(Producer(settings.kafka, client_id=GROUP))
            background.start(Sealer(database, producer, sign_keys, file=own.checkpoint_file).run(), "ledger")
            public = [each.public_key() for each in sign_keys]
            watch = Watch(database, dsn, settings.kafka, public, file=own.checkpoint_file)
            background.start(watch.run(), "ledger_watch")
            deletion = Deletion(settings, database, producer, key=hash_key, group=GROUP)
            intake = await deletion.start(background)
            consumers.append(
                await stack.enter_async_context(Batches(settings.kafka, INPUTS, group=GROUP, handle=intake))
            )
            freshness = Freshness(patience=own.audit_patience)
            audit = Audit(database, freshness, key=hash_key, pseudonym_key=pseudonyms)
            audited = Batches(settings.kafka, AUDITED, group=AUDIT_GROUP, handle=audit)
            consumers.append(await stack.enter_async_context(audited))
            background.start(tell(database, producer, pseudonyms), "analytics")
            background.start(audit_loop(database, producer, audited, freshness, audit), "audit")
            yield

    return Service(
        name="compliance",
        settings=settings,
        routes={("GET", "/deletions/{code}"): StatusPage(lambda: pools[-1])},
        lifespan=lifespan,
        ready=lambda: None,
        alive=lambda: next((why for each in consumers if (why := each.stuck())), None),
    )


def _pseudonym_key(settings: ComplianceSettings) -> Callable[[], bytes] | None:
    """None without a key: a pseudonym that anybody can compute is none."""
    path = settings.analytics.pseudonym_key_file
    if path is None:
        return None
    key = read_keys(path)[0]
    return lambda: key
