"""Where metrics are registered: one registry for what every service shows, and one for each service's own."""

from typing import Final

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    generate_latest,
)

EVERY: Final = CollectorRegistry()
INGEST: Final = CollectorRegistry()
DISPATCHER: Final = CollectorRegistry()
COMPLIANCE: Final = CollectorRegistry()
_OF: Final = {"ingest": INGEST, "dispatcher": DISPATCHER, "compliance": COMPLIANCE}

# From one round trip on a local network to the platform's five seconds.
LATENCY: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 3.5, 5)
# From a test's bound to a day.
LONG: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 86400)

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4.encode()

for _collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
    EVERY.register(_collector)


def expose(service: str) -> bytes:
    """What `/metrics` of a service shows, in Prometheus' text format."""
    own = _OF.get(service)
    return generate_latest(EVERY) + (generate_latest(own) if own else b"")
