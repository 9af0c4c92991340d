"""What one pod, one record and one row cost. Each figure says where it comes from; `docs/sizing.md` says how to renew it.

Processor times are of one core of a busy two-core machine, so a quiet one does better. What is assumed and not measured
says so: measure yours, and give it as an option where there is one.
"""

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400
HEADROOM: Final = 0.6
"""Part of a pod that is planned with: the rest is for rolling restarts, a lost node and neighbours."""


@dataclass(frozen=True)
class Figure:
    value: float
    unit: str
    source: str


INGEST_DELIVERY: Final = Figure(
    237e-6, "s of CPU a delivery of one event", "make bench, bodies of one event: 208 to 237 µs"
)
DISPATCHER_SEND: Final = Figure(1.1e-3, "s of CPU a send", "0.8 to 1.1 measured: decisions/0051")
DISPATCHER_CALLS: Final = Figure(400, "calls at once a pod", "KAIWA_DISPATCHER__CALLS, its default")
PLATFORM_LATENCY: Final = Figure(
    0.5, "s a call to the Send API", "assumed: kaiwa_dispatcher_send_seconds knows"
)
COMPLIANCE_RECORDS: Final = Figure(20_700, "records a second a pod", "backlog with index, integration run")

EVENT_BYTES: Final = Figure(
    1_000, "bytes an event in the log", "assumed: text, headers, batches of few records"
)
SEND_BYTES: Final = Figure(500, "bytes a send request in the log", "assumed")
OUTCOME_BYTES: Final = Figure(500, "bytes an outcome in the log; two for each send", "assumed")
FACT_BYTES: Final = Figure(250, "bytes an analytics fact in the log; one for each event and send", "assumed")

INTENT_BYTES: Final = Figure(
    1_323, "bytes of PostgreSQL a send, 30 days", "50,000 rows of intents (636) and parts (687), with indexes"
)
ECHO_BYTES: Final = Figure(656, "bytes of PostgreSQL an echo, 3 days", "50,000 rows, with indexes")
CONVERSATION_BYTES: Final = Figure(225, "bytes of PostgreSQL a conversation", "50,000 rows, with indexes")
PLACE_BYTES: Final = Figure(
    377, "bytes of PostgreSQL an event, retention and a day", "50,000 rows, with indexes"
)

DISPATCHER_CONNECTIONS: Final = Figure(
    20, "connections to PostgreSQL a pod", "the dispatcher's pool, and the door's"
)
COMPLIANCE_CONNECTIONS: Final = Figure(10, "connections to PostgreSQL a pod", "compliance's pool")

PARTITION_EVENTS: Final = Figure(1_000, "events a second a partition", "assumed: far below a broker's limit")
PARTITION_BYTES: Final = Figure(
    5e9, "bytes a partition", "assumed: one round of the log cleaner rewrites it within the bound"
)
