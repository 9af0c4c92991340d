"""What every service shows."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from kaiwa.contracts.quarantine import Cause
from kaiwa.runtime.metrics.registry import EVERY, LATENCY

# How late the event loop came back to its heartbeat; above 0.1 something blocks it.
LOOP_LAG: Final = Histogram(
    "kaiwa_loop_lag_seconds", "Delay of the event loop's heartbeat", buckets=LATENCY, registry=EVERY
)
# Connections refused because as many are open as may be.
CONNECTIONS_REFUSED: Final = Counter(
    "kaiwa_connections_refused_total", "Connections refused at the cap", registry=EVERY
)
# 1 while the process's producer reaches Kafka.
KAFKA_CONNECTED: Final = Gauge("kaiwa_kafka_connected", "Whether Kafka is reached", registry=EVERY)
# Producers replaced after an error that they do not survive.
PRODUCER_REBUILDS: Final = Counter(
    "kaiwa_producer_rebuilds_total", "Producers replaced after an error", registry=EVERY
)
# Publishing: from the first send to the last acknowledgement of one call.
PRODUCE_SECONDS: Final = Histogram(
    "kaiwa_produce_seconds", "One publish, all acknowledgements", buckets=LATENCY, registry=EVERY
)
# Batches handled and committed.
BATCHES: Final = Counter("kaiwa_consumer_batches_total", "Batches handled", ["group"], registry=EVERY)
# Records in those batches, repeats included.
RECORDS: Final = Counter("kaiwa_consumer_records_total", "Records handled", ["group"], registry=EVERY)
# Batches whose handling failed and that came again.
REWINDS: Final = Counter(
    "kaiwa_consumer_rewinds_total", "Batches rewound after a failure", ["group"], registry=EVERY
)
# Seconds since the consumer last moved forward while there was something to read; 0 when it has caught up.
PROGRESS_AGE: Final = Gauge(
    "kaiwa_consumer_progress_age_seconds", "Time without progress", ["group"], registry=EVERY
)
# Offsets that this process has yet to handle, over its partitions; compaction leaves gaps, so records may be fewer.
CONSUMER_LAG: Final = Gauge("kaiwa_consumer_lag", "Offsets yet to handle", ["group"], registry=EVERY)
# Records nobody could understand, kept in quarantine.
QUARANTINED: Final = Counter(
    "kaiwa_quarantined_total", "Records put into quarantine", ["reason"], registry=EVERY
)
# Connections to PostgreSQL that this process has.
POOL_SIZE: Final = Gauge("kaiwa_pool_size", "Connections to PostgreSQL", registry=EVERY)
# Those of them at work; all of them for minutes is a pool too small or a database too slow.
POOL_BUSY: Final = Gauge("kaiwa_pool_busy_size", "Connections at work", registry=EVERY)
# Rows of the outbox that Kafka has not acknowledged yet.
OUTBOX_LAG: Final = Gauge("kaiwa_outbox_lag", "Outbox rows waiting for Kafka", registry=EVERY)

# A series that first appears at 1 has no rate: those that alerts rest on are there from the start.
for _cause in Cause:
    QUARANTINED.labels(_cause)
