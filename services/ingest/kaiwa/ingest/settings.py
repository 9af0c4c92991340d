"""What ingest needs to be told (design, section 7)."""

from typing import Literal

from pydantic import Field

from kaiwa.runtime.settings import Analytics, Group, Http, Kafka, ReadableFile, ServiceSettings, WebhookMeta

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The largest body that can be kept whole as one record; the platform's batches stay far below."""

MAX_BODY_SECONDS = 1.4
"""With the deadline of a publish (3.5 s) an answer still comes within the platform's five seconds."""


class Ingest(Group):
    """``raw``: which events carry the item as it was delivered: ``auto`` where decoding dropped something.

    ``status_url``: where people see what became of their data-deletion request; without it that callback is off.
    The limits are per process; above the last three a request gets 503, or its connection is closed.
    """

    id_key_file: ReadableFile = Field(
        description="name the key file for event ids; `kaiwa keys generate DIR` makes it and prints the variable"
    )
    raw: Literal["auto", "always"] = "auto"
    status_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+/deletions/$",
        description="give the address of compliance's status page up to and with /deletions/",
    )
    max_body_bytes: int = Field(default=MAX_BODY_BYTES, ge=1, le=MAX_BODY_BYTES)
    max_body_seconds: float = Field(default=1.25, gt=0, le=MAX_BODY_SECONDS)
    max_bytes_in_flight: int = Field(default=64 * 1024 * 1024, ge=MAX_BODY_BYTES)
    max_requests_in_flight: int = Field(default=1024, ge=1)
    max_connections: int = Field(default=4096, ge=1)


class IngestSettings(ServiceSettings):
    """Kafka, the apps whose signatures count, and how events are named."""

    http: Http = Http(port=8080)
    kafka: Kafka
    meta: WebhookMeta
    ingest: Ingest
    analytics: Analytics = Analytics()
