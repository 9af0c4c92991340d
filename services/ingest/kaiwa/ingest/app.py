"""Ingest put together: settings → producer → webhook → service.

The port opens first and Kafka is connected in the background: the challenge has to work and deliveries have to get
their 503 while Kafka is away, also at boot. Readiness therefore says nothing about Kafka (a metric does): all pods
would leave the Service at once, and the challenge with them.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from kaiwa.bus.producer import Producer
from kaiwa.ingest.publish import Publisher
from kaiwa.ingest.settings import IngestSettings
from kaiwa.ingest.webhook import Webhook, parse_tokens
from kaiwa.meta.signatures import parse_apps
from kaiwa.runtime.app import Background, Service, always
from kaiwa.runtime.errors import SettingsError
from kaiwa.runtime.files import Watched
from kaiwa.runtime.keys import read_keys
from kaiwa.runtime.settings import load

T = TypeVar("T")

PATH = "/webhooks/instagram"
"""Where Meta calls; ``/{app_id}`` behind it lets only that app's secrets in."""


def build() -> Service:
    """Raises SettingsError, which names the variable."""
    return assemble(load(IngestSettings))


def assemble(settings: IngestSettings) -> Service:
    """The service for these settings."""
    meta, ingest = settings.meta, settings.ingest
    tokens = _watched(meta.verify_token_file, parse_tokens, "KAIWA_META__VERIFY_TOKEN_FILE")
    apps = _watched(meta.apps_file, parse_apps, "KAIWA_META__APPS_FILE")
    producer = Producer(settings.kafka, client_id="kaiwa-ingest")
    id_key = read_keys(ingest.id_key_file)[0]
    publisher = Publisher(producer, id_key=id_key, always_raw=ingest.raw == "always")
    webhook = Webhook(
        tokens=lambda: tokens.value,
        apps=lambda: apps.value,
        publish=publisher.publish,
        max_bytes_in_flight=ingest.max_bytes_in_flight,
    )

    @asynccontextmanager
    async def lifespan(_background: Background) -> AsyncIterator[None]:
        producer.start_in_background()
        try:
            yield
        finally:
            await producer.stop()

    paths = (PATH, f"{PATH}/{{app_id}}")
    return Service(
        name="ingest",
        settings=settings,
        routes={("GET", path): webhook.challenge for path in paths}
        | {("POST", path): webhook.deliver for path in paths},
        lifespan=lifespan,
        ready=always,
    )


def _watched(path: Path, parse: Callable[[str], T], variable: str) -> Watched[T]:
    try:
        return Watched(path, parse)
    except ValueError as error:
        # A parser's message names the line; a decoder's own would quote the file.
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeError) else str(error)
        raise SettingsError(f"{variable} cannot be used: {reason}") from None
