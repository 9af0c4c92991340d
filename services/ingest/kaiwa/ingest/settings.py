"""What ingest needs to be told (design, section 7)."""

from typing import Literal

from pydantic import Field

from kaiwa.runtime.settings import Group, Http, Kafka, ReadableFile, ServiceSettings, WebhookMeta

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The largest body that is read; the platform's batches stay far below."""


class Ingest(Group):
    """``raw``: which events carry the item as it was delivered: ``auto`` where decoding dropped something."""

    id_key_file: ReadableFile = Field(
        description="name the key file for event ids; `kaiwa keys generate DIR` makes it and prints the variable"
    )
    raw: Literal["auto", "always"] = "auto"
    max_bytes_in_flight: int = Field(default=64 * 1024 * 1024, ge=MAX_BODY_BYTES)


class IngestSettings(ServiceSettings):
    """Kafka, the apps whose signatures count, and how events are named."""

    http: Http = Http(port=8080)
    kafka: Kafka
    meta: WebhookMeta
    ingest: Ingest
