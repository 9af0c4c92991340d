"""The dispatcher put together: settings → pool, producer, Graph → four loops → service.

events → conversations; sends → intents; scheduler → calls; settler → what is in doubt. The database is the queue
between them, so any number of these processes work side by side.
Where the settings name a port for it, the door lets callers without Kafka in.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg

from kaiwa.bus.batches import Batches
from kaiwa.bus.errors import PublishFailed
from kaiwa.bus.offsets import offsets
from kaiwa.bus.producer import Producer
from kaiwa.contracts import topics
from kaiwa.dispatcher import restore
from kaiwa.dispatcher.backfill import Backfill, Backfills
from kaiwa.dispatcher.bell import Bell
from kaiwa.dispatcher.clock import DatabaseClock
from kaiwa.dispatcher.connect.activation import Activation
from kaiwa.dispatcher.connect.entrance import Entrance, logging_in
from kaiwa.dispatcher.connect.hosted import Hosted
from kaiwa.dispatcher.connect.links import Links
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.control import Owners
from kaiwa.dispatcher.door.app import Door
from kaiwa.dispatcher.ends import Ends
from kaiwa.dispatcher.foresight import Foresight
from kaiwa.dispatcher.freshness import Freshness
from kaiwa.dispatcher.gauges import Gauges
from kaiwa.dispatcher.grants import Grants
from kaiwa.dispatcher.handlers.erasures import Erasures
from kaiwa.dispatcher.handlers.events import Events
from kaiwa.dispatcher.handlers.sends import Sends
from kaiwa.dispatcher.intake import Intake
from kaiwa.dispatcher.keyring import Keyring
from kaiwa.dispatcher.knowledge import Knowledge
from kaiwa.dispatcher.logins import Logins
from kaiwa.dispatcher.mark import Marker
from kaiwa.dispatcher.presence import Presence
from kaiwa.dispatcher.probes import Probes
from kaiwa.dispatcher.pulse import Pulse
from kaiwa.dispatcher.record import Recorder
from kaiwa.dispatcher.relay import Relay
from kaiwa.dispatcher.scheduler import Scheduler
from kaiwa.dispatcher.send import Sender
from kaiwa.dispatcher.settings import DispatcherSettings
from kaiwa.dispatcher.settle import Settler
from kaiwa.dispatcher.slices import Slices
from kaiwa.dispatcher.slots import Slots
from kaiwa.dispatcher.threads import Lookups, Threads
from kaiwa.dispatcher.throttling import Throttling
from kaiwa.dispatcher.tidy import Tidy
from kaiwa.dispatcher.uploads import Uploads
from kaiwa.meta import graph
from kaiwa.runtime.app import Background, Service
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.http import AsgiHandler
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load
from kaiwa.store.migrate import require_current
from kaiwa.store.pool import pool, questions

NAME = "dispatcher"
_CONNECTIONS = 16
_QUESTIONS = 4
"""Connections for those who ask at the door, so that they cannot keep the scheduler waiting."""
_TOPICS_WITHIN = 10.0


def build() -> Service:
    """Raises SettingsError, which names the variable."""
    return assemble(load(DispatcherSettings))


def assemble(settings: DispatcherSettings) -> Service:
    """The service for these settings."""
    consumers: list[Batches] = []

    @asynccontextmanager
    async def lifespan(background: Background) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            consumers[:] = await _start(settings, stack, background)
            yield

    def alive() -> str | None:
        return next((why for consumer in consumers if (why := consumer.stuck())), None)

    def ready() -> str | None:
        return None if consumers else "not connected yet"

    return Service(name=NAME, settings=settings, routes={}, lifespan=lifespan, ready=ready, alive=alive)


async def _start(
    settings: DispatcherSettings, stack: AsyncExitStack, background: Background
) -> list[Batches]:
    """Connect everything, then start the loops; what was opened is closed by `stack`."""
    own, meta, dsn = settings.dispatcher, settings.meta, settings.postgres.dsn.get_secret_value()
    vault, policy, clock = Contents.watching(own.seal_key_file), own.policy, DatabaseClock()
    logins = Logins.from_settings(meta, vault)
    await require_current(dsn, NAME)
    db = await stack.enter_async_context(pool(dsn, application=NAME, max_size=_CONNECTIONS, by_index=True))
    producer = await stack.enter_async_context(Producer(settings.kafka, client_id=f"kaiwa-{NAME}"))
    platform = await stack.enter_async_context(
        graph.connect(
            facebook=meta.facebook_graph_url,
            instagram=meta.instagram_graph_url,
            version=meta.graph_version,
            connections=own.calls,
        )
    )
    slices = Slices(
        db, length=timedelta(seconds=own.content_slice), grace=timedelta(seconds=own.content_grace)
    )
    await slices.keep()
    partitions = await _partitions(producer)
    await restore.require_level(settings.kafka, db)
    await clock.tune(db)
    slots, bell = Slots(db, clock), Bell()
    knowledge = Knowledge(db, bell)
    throttling = Throttling(db)
    # For all calls but sends: their answers are recorded together with what they say of limits.
    guarded = platform.guarded(throttling)
    pulse = Pulse(db, least=timedelta(seconds=own.silence))
    marker = Marker(db, vault, logins, policy=policy)
    sender = Sender(
        platform,
        marker,
        Recorder(db, bell, pulse, throttling, policy=policy, partitions=partitions),
        slots,
        clock,
        presence=Presence(db, guarded, slots),
        uploads=Uploads(db, guarded, slots),
        throttling=throttling,
        lease=own.lease,
    )
    scheduler = Scheduler(db, marker, sender, slots, bell, policy=policy, calls=own.calls)
    ends = Ends(await stack.enter_async_context(offsets(settings.kafka, client_id=f"kaiwa-{NAME}-ends")))
    handlers = {
        topics.EVENTS: Events(db, vault, pulse, knowledge, policy=policy).handle,
        topics.SENDS: Sends(
            db,
            producer,
            Intake(vault, partitions=partitions),
            ends,
            knowledge=knowledge,
            scheduler=scheduler,
            bell=bell,
        ).handle,
        topics.ERASURES: Erasures(db, partitions=partitions).handle,
    }
    consumers = {
        topic: await stack.enter_async_context(
            Batches(settings.kafka, [topic], group=f"kaiwa.{NAME}.{topic}", handle=handle)
        )
        for topic, handle in handlers.items()
    }
    threads = Threads(guarded, logins, slots)
    settler = Settler(
        db,
        threads,
        vault,
        policy=policy,
        after=timedelta(seconds=own.settle_after),
        bound=timedelta(seconds=own.doubt_bound),
    )
    pseudonyms = settings.analytics.pseudonym_key_file
    relay = Relay(db, producer, bell, read_keys(pseudonyms)[0] if pseudonyms else None)
    background.start(relay.run(), "relay")
    background.start(Tidy(db, slices, grace=timedelta(seconds=own.content_grace)).run(), "tidy")
    background.start(Gauges(db, slices).run(), "gauges")
    background.start(Freshness(db, consumers[topics.EVENTS], clock).run(), "freshness")
    background.start(knowledge.run(), "knowledge")
    background.start(settler.run(), "settler")
    background.start(Foresight(db, policy=policy).run(), "foresight")
    background.start(Lookups(db, threads).run(), "lookups")
    background.start(Grants(db, threads).run(), "grants")
    background.start(Owners(db, threads).run(), "owners")
    background.start(pulse.run(), "pulse")
    background.start(Keyring(db, vault).run(), "keyring")
    probes = Probes(db, guarded, logins, vault, slots, period=own.probe_period)
    background.start(probes.run(), "probes")
    background.start(Backfills(db, Backfill(db, threads, partitions=partitions)).run(), "backfills")
    # The last to start is the first to stop: its calls still need everything above.
    background.start(scheduler.run(), "scheduler")
    if settings.door.port is not None:
        hosted = await _hosted(settings, stack, db, Activation(db, guarded, vault, logins, slots), vault)
        door = Door(
            host=settings.door.host,
            port=settings.door.port,
            pool=db,
            questions=await stack.enter_async_context(questions(dsn, application="door", most=_QUESTIONS)),
            producer=producer,
            kafka=settings.kafka,
            vault=vault,
            policy=policy,
            partitions=partitions,
            hosted=hosted,
        )
        background.start(door.run(), "door")
    return list(consumers.values())


async def _hosted(
    settings: DispatcherSettings,
    stack: AsyncExitStack,
    db: asyncpg.Pool,
    activation: Activation,
    vault: Contents,
) -> Mapping[tuple[str, str], AsgiHandler]:
    """The routes by which accounts' owners log in, where the door has a public address."""
    if settings.door.connect_url is None:
        return {}
    oauth = await stack.enter_async_context(logging_in(settings.meta))
    entrance = Entrance(oauth, activation.logins.apps)
    return Hosted(settings.door.connect_url, Links(db, vault), entrance, activation).routes


async def _partitions(producer: Producer) -> int:
    try:
        return await producer.partitions(topics.EVENTS, within=_TOPICS_WITHIN)
    except PublishFailed as error:
        raise DependencyError(f"no topic {topics.EVENTS}: run `kaiwa topics apply`") from error
