"""Ingest put together: settings → producer → webhook and callbacks → service.

The port opens first and Kafka is connected in the background: the challenge has to work and deliveries have to get
their 503 while Kafka is away, also at boot. Readiness therefore says nothing about Kafka (a metric does): all pods
would leave the Service at once, and the challenge with them.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing
from kaiwa.ingest.accounts import Registry
from kaiwa.ingest.analytics import Analytics
from kaiwa.ingest.callbacks import Callbacks
from kaiwa.ingest.limits import Admission, Limits
from kaiwa.ingest.publish import DEADLINE, Publisher
from kaiwa.ingest.settings import Ingest, IngestSettings
from kaiwa.ingest.webhook import Webhook, parse_tokens
from kaiwa.meta.signatures import parse_apps
from kaiwa.runtime import logs
from kaiwa.runtime.app import Background, Service, always
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.files import Watched
from kaiwa.runtime.http import AsgiHandler
from kaiwa.runtime.keys import parse_keys, read_keys
from kaiwa.runtime.settings import load

T = TypeVar("T")
Routes = dict[tuple[str, str], AsgiHandler]

PATH = "/webhooks/instagram"
"""Where Meta calls; ``/{app_id}`` behind it lets only that app's secrets in."""

DATA_DELETION, DEAUTHORIZE = "/callbacks/data-deletion", "/callbacks/deauthorize"

_log = logs.get_logger()


def build() -> Service:
    """Raises SettingsError, which names the variable."""
    return assemble(load(IngestSettings))


def assemble(settings: IngestSettings) -> Service:
    """The service for these settings."""
    meta, ingest = settings.meta, settings.ingest
    tokens = _watched(meta.verify_token_file, parse_tokens, "KAIWA_META__VERIFY_TOKEN_FILE")
    apps = _watched(meta.apps_file, parse_apps, "KAIWA_META__APPS_FILE")
    id_key = read_keys(ingest.id_key_file)[0]
    producer = Producer(settings.kafka, client_id="kaiwa-ingest")
    registry = Registry(settings.kafka)
    analytics = _analytics(settings)
    admission = Admission(_limits(ingest))
    publisher = Publisher(
        producer,
        registry,
        id_key=id_key,
        always_raw=ingest.raw == "always",
        published=analytics.note if analytics else None,
    )
    webhook = Webhook(
        tokens=lambda: tokens.value,
        apps=lambda: apps.value,
        publish=publisher.publish,
        admission=admission,
    )

    async def publish(record: Outgoing) -> None:
        await producer.publish([record], within=DEADLINE)

    callbacks = Callbacks(apps=lambda: apps.value, publish=publish, admission=admission, id_key=id_key)

    @asynccontextmanager
    async def lifespan(background: Background) -> AsyncIterator[None]:
        if ingest.status_url is None:
            _log.warning("no data-deletion callback without KAIWA_INGEST__STATUS_URL", path=DATA_DELETION)
        producer.start_in_background()
        background.start(registry.follow(), "accounts")
        if analytics:
            analytics.start(background)
        try:
            yield
        finally:
            await producer.stop()
            if analytics:
                await analytics.stop()

    return Service(
        name="ingest",
        settings=settings,
        routes=_webhooks(webhook) | _callbacks(callbacks, ingest.status_url),
        lifespan=lifespan,
        ready=always,
        alive=producer.stuck,
        max_connections=ingest.max_connections,
    )


def _webhooks(webhook: Webhook) -> Routes:
    paths = (PATH, f"{PATH}/{{app_id}}")
    return {("GET", path): webhook.challenge for path in paths} | {
        ("POST", path): webhook.deliver for path in paths
    }


def _callbacks(callbacks: Callbacks, status_url: str | None) -> Routes:
    """Without a page to point to, a request to delete cannot be answered as Meta asks."""
    deauthorize: Routes = {("POST", DEAUTHORIZE): callbacks.deauthorize}
    if status_url is None:
        return deauthorize
    return deauthorize | {("POST", DATA_DELETION): callbacks.data_deletion(status_url)}


def _limits(ingest: Ingest) -> Limits:
    return Limits(
        body_bytes=ingest.max_body_bytes,
        body_seconds=ingest.max_body_seconds,
        requests_in_flight=ingest.max_requests_in_flight,
        bytes_in_flight=ingest.max_bytes_in_flight,
    )


def _analytics(settings: IngestSettings) -> Analytics | None:
    """None without a key: a pseudonym that anybody can compute is none."""
    path = settings.analytics.pseudonym_key_file
    if path is None:
        return None
    variable = "KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE"
    keys = _watched(path, partial(parse_keys, where=variable), variable)
    producer = Producer(settings.kafka, client_id="kaiwa-ingest-analytics")
    return Analytics(producer, lambda: keys.value[0])


def _watched(path: Path, parse: Callable[[str], T], variable: str) -> Watched[T]:
    try:
        return Watched(path, parse)
    except ValueError as error:
        # A parser's message names the line; a decoder's own would quote the file.
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeError) else str(error)
        raise SettingsError(f"{variable} cannot be used: {reason}") from None
