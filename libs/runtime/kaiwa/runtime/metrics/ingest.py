"""Ingest's own metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from kaiwa.runtime.metrics.registry import INGEST, LATENCY

# Requests to the webhook, by what became of them (accepted, unavailable, overloaded, bad_signature, too_large, …).
WEBHOOKS: Final = Counter("kaiwa_ingest_webhooks_total", "Webhook requests", ["outcome"], registry=INGEST)
# From the request's head to our 200; the platform gives up after 5.
ACK_SECONDS: Final = Histogram(
    "kaiwa_ingest_ack_seconds", "Webhook to acknowledgement", buckets=LATENCY, registry=INGEST
)
# Events published, by kind.
EVENTS: Final = Counter("kaiwa_ingest_events_total", "Events published", ["kind"], registry=INGEST)
# Signed deliveries for objects that are not ours to store (`page`).
OTHER_OBJECTS: Final = Counter(
    "kaiwa_ingest_other_objects_total", "Deliveries of other objects", registry=INGEST
)
# Bytes of bodies between arrival and answer; at the cap new ones get 503.
BYTES_IN_FLIGHT: Final = Gauge("kaiwa_ingest_in_flight_bytes", "Bodies being handled", registry=INGEST)
# Webhooks and callbacks between arrival and answer; at the cap new ones get 503.
REQUESTS_IN_FLIGHT: Final = Gauge("kaiwa_ingest_requests_open", "Requests being handled", registry=INGEST)
# Apps most of whose traffic cannot be decoded; what of it cannot gets 503 instead of filling the quarantine.
FUSES_OPEN: Final = Gauge("kaiwa_ingest_fuses_open", "Apps whose fuse is open", registry=INGEST)
# Facts for analytics that were given up: they never hold an event back.
FACTS_LOST: Final = Counter("kaiwa_ingest_facts_lost_total", "Analytics facts not published", registry=INGEST)
# Callbacks (deletion, deauthorisation), by what became of them.
CALLBACKS: Final = Counter(
    "kaiwa_ingest_callbacks_total", "Callback requests", ["callback", "outcome"], registry=INGEST
)

# A series that first appears at 1 has no rate: those that objectives rest on are there from the start.
for _outcome in ("accepted", "unavailable", "overloaded", "fuse_open", "bad_signature"):
    WEBHOOKS.labels(_outcome)
